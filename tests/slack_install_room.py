"""Installing as a browser meets it: our two addresses, our tables, and Slack's token side behind them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware

from connectors.settings import OutsideSettings
from loket.migrate import all_tables
from slack_app.installing import store
from slack_app.installing.oauth import InstallParts, install_routes
from slack_app.installing.wire import Wire
from slack_app.many_workspaces import ManyWorkspaces
from slack_app.settings import SlackSettings
from storage import Database
from storage.keys import KeyRing
from storage.tables import audit
from tests.slack_tokens import CLIENT_ID, CLIENT_SECRET, Grant, TokenSide, token_side
from web_app.guard import Guard

PUBLIC = "https://loket.example.gov"


def slack_settings(side: TokenSide, **changes: Any) -> SlackSettings:
    """Slack set up for several workspaces, of which `T0DHB` and the organisation `E0DHB` are served."""
    plain: dict[str, Any] = {
        "mode": "http",
        "signing_secret": "0123456789abcdef0123456789abcdef",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "workspaces": frozenset({"T0DHB", "E0DHB"}),
        "api_url": side.api_url,
        "authorize_url": side.authorize_url,
        "public_url": PUBLIC,
        "timeout_seconds": 2,
    }
    return SlackSettings(**{**plain, **changes})


@dataclass
class InstallRoom:
    """One process of ours with one browser before it; more of the latter with `another_browser`."""

    side: TokenSide
    settings: SlackSettings
    database: Database
    keys: KeyRing
    wire: Wire
    app: Starlette = field(init=False)
    browser: httpx.AsyncClient = field(init=False)
    clients: ManyWorkspaces = field(init=False)

    def __post_init__(self) -> None:
        parts = InstallParts(self.settings, self.database, self.keys, self.wire)
        self.app = Starlette(routes=install_routes(parts), middleware=[Middleware(Guard)])
        self.browser = self.another_browser()
        self.clients = self.another_process()

    def another_browser(self) -> httpx.AsyncClient:
        """A browser with no cookies yet."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC)

    def another_process(self, **more: Any) -> ManyWorkspaces:
        """The clients as another process of ours has them."""
        return ManyWorkspaces(self.settings, self.wire, self.database, self.keys, **more)

    async def begun(self, browser: httpx.AsyncClient | None = None, language: str = "en") -> dict[str, str]:
        """Open `/slack/install`; the parameters with which the browser is sent to Slack."""
        answer = await (browser or self.browser).get("/slack/install", headers={"accept-language": language})
        assert answer.status_code == 303, answer.text
        where = urlsplit(answer.headers["location"])
        assert answer.headers["location"].startswith(self.settings.authorize_url + "?")
        return {name: values[0] for name, values in parse_qs(where.query, keep_blank_values=True).items()}

    async def back(self, browser: httpx.AsyncClient | None = None, **params: str) -> httpx.Response:
        """The browser comes back from Slack."""
        return await (browser or self.browser).get("/slack/oauth_redirect", params=params)

    async def install(self, grant: Grant | None = None) -> httpx.Response:
        """A whole install by an admin who agrees; the page that they end on."""
        sent = await self.begun()
        return await self.back(state=sent["state"], code=self.side.code(grant or Grant(scopes=sent["scope"])))

    def installed(self) -> list[str]:
        """The workspaces and organisations that we keep."""
        with self.database.reading() as tx:
            return [about.tenant for about, _ in store.listed(tx)]

    def kept(self, tenant: str = "T0DHB") -> store.Installation | None:
        """One installation, with its tokens."""
        with self.database.reading() as tx:
            return store.get(tx, self.keys, tenant)

    def audited(self, verb: str) -> list[tuple[str, str, str]]:
        """Actor, object and result of the audit rows of a verb."""
        columns = (audit.c.actor, audit.c.object, audit.c.result)
        with self.database.reading() as tx:
            return [tuple(row) for row in tx.execute(sa.select(*columns).where(audit.c.verb == verb))]

    def everything_written(self) -> str:
        """Every value of every table."""
        with self.database.reading() as tx:
            rows = [row for table in all_tables().sorted_tables for row in tx.execute(sa.select(table))]
        return repr(rows)


@asynccontextmanager
async def install_room(database: Database, folder: Path, **changes: Any) -> AsyncIterator[InstallRoom]:
    """A process that several workspaces may install; `changes` are of the settings."""
    all_tables().create_all(database.engine)
    async with token_side() as side:
        settings = slack_settings(side, **changes)
        wire = Wire(settings, OutsideSettings())
        room = InstallRoom(side, settings, database, KeyRing.load_or_create(folder / store.KEY_FILE), wire)
        try:
            yield room
        finally:
            await room.browser.aclose()
            await room.clients.close()


def text_of(html: str) -> str:
    """What a person reads on a page."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html)).strip()


def said(secret: SecretStr) -> str:
    """A secret, in a test."""
    return secret.get_secret_value()
