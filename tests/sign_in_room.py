"""The gate with the pages of proof before it and an identity provider behind them, as a browser meets them."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware

from actions.records import Action
from actions.rules import FIRST_RULES, parse
from connectors.fetch import HttpFetch
from connectors.http import async_client
from connectors.settings import OutsideSettings
from core.encoding import decode
from core.people import ChannelIdentity
from core.ports import Decision
from core.replies import Card, Reply
from core.sign_in import SignedIn
from storage import Database
from storage.tables import audit, outbox
from tests.gate_only import GateOnly
from tests.servers.wrong_oidc import CLIENT, SECRET
from web_app.approving_pages import ApprovingPages
from web_app.guard import Guard
from web_app.proof import APPROVE, PURPOSE, step_up_of
from web_app.proof_pages import ProofPages
from web_app.sign_in.flow import SignIn
from web_app.sign_in.returning import Returning
from web_app.sign_in.settings import OidcSettings

PUBLIC = "https://desk.dhb.example"
ACR, STRONG_ACR = "urn:dhb:passkey", "urn:dhb:passkey-in-person"
SUBJECTS = {"sub-sanne": "E1001", "sub-tom": "E1002", "sub-priya": "E1003", "sub-guest": "E1015", "sub-gone": "E1014"}


def oidc_settings(issuer: str, **changes: Any) -> OidcSettings:
    """Loket as it is registered at the providers of the tests."""
    plain: dict[str, Any] = {
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret": SECRET if "key_file" not in changes else None,
        "public_url": PUBLIC,
        "step_up_acr": ACR,
        "timeout_seconds": 2,
    }
    return OidcSettings(**{**plain, **changes})


@dataclass
class SignInRoom:
    """One gate and one browser; more of the latter with `another_browser`."""

    desk: GateOnly
    settings: OidcSettings
    client: httpx.AsyncClient
    rules: str = field(default_factory=lambda: FIRST_RULES.read_text(encoding="utf-8"))
    sign_in: SignIn = field(init=False)
    app: Starlette = field(init=False)
    browser: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        parts = self.desk.gate.parts
        self.desk.gate.parts = replace(parts, systems=replace(parts.systems, step_up=step_up_of(self.settings)))
        fetch = HttpFetch("sign-in", self.client, self.settings.timeout_seconds)
        self.sign_in = SignIn(self.settings, self.desk.database, self.desk.directory, fetch)
        pages = ProofPages(self.sign_in, self.desk.gate, self, self.desk.database)
        approving = ApprovingPages(self.sign_in, self.desk.gate, self, self.desk.database)
        handlers = {PURPOSE: pages.signed_in, APPROVE: approving.signed_in}
        routes = [*pages.routes(), *approving.routes(), *Returning(self.sign_in, self.desk.database, handlers).routes()]
        self.app = Starlette(routes=routes, middleware=[Middleware(Guard)])
        self.browser = self.another_browser()

    async def prove_by_sign_in(self, signed: SignedIn) -> Decision:
        """What the desk does, without a delivery to wake."""
        return await self.desk.gate.prove_by_sign_in(signed)

    async def approve_signed_in(self, reference: str, browser_hash: str, language: str) -> Decision:
        """The same for an approver's yes."""
        return await self.desk.gate.approve_signed_in(reference, browser_hash, language)

    def rewrite_rules(self, old: str, new: str) -> None:
        """Other rules under the same number, as no release could bring about: what was sealed before stays open."""
        assert old in self.rules
        self.rules = self.rules.replace(old, new)
        self.desk.gate.parts.rules._parsed[1] = parse(self.rules)

    def another_browser(self) -> httpx.AsyncClient:
        """A browser with no cookies yet."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC)

    async def asked(self, employee_id: str = "E1002", tool: str = "reset_my_password") -> str:
        """A request that waits for proof; its id."""
        action_id = await self.desk.propose(employee_id, tool)
        decision = await self.desk.click(employee_id, action_id, "confirm")
        assert decision.accepted, decision.text
        return action_id

    def card(self, action_id: str, reader: str = "requester") -> Card:
        """The card as it was last posted to somebody."""
        query = sa.select(outbox.c.payload).where(outbox.c.slot == f"card:{action_id}:{reader}")
        with self.desk.database.reading() as tx:
            newest = tx.execute(query.order_by(outbox.c.outbox_id.desc()).limit(1)).scalar_one()
        reply = decode(Reply, newest)
        assert reply.card is not None
        return reply.card

    def link(self, action_id: str) -> str:
        """The path of the link on the requester's card."""
        addresses = [link.address for link in self.card(action_id).links]
        assert len(addresses) == 1, addresses
        assert addresses[0].startswith(f"{PUBLIC}/proof/")
        return urlsplit(addresses[0]).path

    async def sent_off(self, path: str, browser: httpx.AsyncClient | None = None) -> str:
        """Press the button of the page of proof; the address of the provider that it sends the browser to."""
        answer = await (browser or self.browser).post(path)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def action(self, action_id: str) -> Action:
        """The action's row."""
        return await self.desk.action(action_id)

    def told(self) -> list[str]:
        """Everything said to anybody."""
        with self.desk.database.reading() as tx:
            return [row["text"] for row in tx.execute(sa.select(outbox.c.payload)).scalars() if "text" in row]

    def audited(self, verb: str) -> list[str]:
        """The results of the audit rows of a verb."""
        with self.desk.database.reading() as tx:
            return list(tx.execute(sa.select(audit.c.result).where(audit.c.verb == verb)).scalars())

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""
        with self.desk.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]


_TEMPLATE: list[Path] = []
"""A folder with empty tables, the staff and keys: copied, it takes a third of the time that making it does."""


async def _fill(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'loket.db'}")
    await GateOnly(database, folder).gate.open()
    database.close()


@asynccontextmanager
async def sign_in_room(folder: Path, issuer: str, **changes: Any) -> AsyncIterator[SignInRoom]:
    """A gate whose people can sign in at `issuer`; `changes` are of the settings."""
    if not _TEMPLATE:
        _TEMPLATE.append(Path(tempfile.mkdtemp(prefix="loket-sign-in-")))
        atexit.register(shutil.rmtree, _TEMPLATE[0], ignore_errors=True)
        await _fill(_TEMPLATE[0])
    shutil.copytree(_TEMPLATE[0], folder, dirs_exist_ok=True)
    database = Database(f"sqlite:///{folder / 'loket.db'}")
    desk = GateOnly(database, folder)
    for subject, employee_id in SUBJECTS.items():
        desk.world.map_identity(ChannelIdentity("oidc", issuer, subject), employee_id)
    settings = oidc_settings(issuer, **changes)
    async with async_client(OutsideSettings(), settings.timeout_seconds) as client:
        room = SignInRoom(desk, settings, client)
        try:
            yield room
        finally:
            await room.browser.aclose()
            database.close()


def text_of(html: str) -> str:
    """What a person reads on a page."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html)).strip()
