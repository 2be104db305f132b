"""A gate before which Slack accounts are linked: the page, a provider behind it, and what channels would ask."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware

from actions.records import Origin
from actions.unwanted import by_notice
from connectors.directory import links
from connectors.directory.linked import LinkedDirectory
from connectors.directory.links import IdentityLink
from core.events import Address, Click, Verb
from core.linking import Acquaintance, Profile
from core.people import ChannelIdentity, Standing
from core.ports import Decision
from loket.linking.introductions import Introductions
from loket.outside.settings import LinkingSettings
from storage.tables import audit, outbox
from tests.servers.wrong_oidc import WrongProvider
from tests.sign_in_room import PUBLIC, SignInRoom, sign_in_room, text_of
from web_app.guard import Guard
from web_app.linking import LIFE, PATH, PURPOSE, SESSION, LinkPages
from web_app.sign_in.returning import Returning
from web_app.sign_in.sessions import Sessions

TENANT = "T0DHB"
TOM_MAIL = "tom.bakker@dhb.example"


def slack(user: str = "U0TOM", tenant: str = TENANT) -> ChannelIdentity:
    """An account in Slack."""
    return ChannelIdentity("slack", tenant, user)


def account(
    user: str = "U0TOM", address: str = "", name: str = "Tom Bakker", standing: Standing = Standing.MEMBER
) -> Acquaintance:
    """What Slack says of an account."""
    return Acquaintance(slack(user), standing, Profile(name, address, "DHB"))


@dataclass
class LinkingRoom:
    """One gate, one browser, one provider."""

    room: SignInRoom
    provider: WrongProvider
    settings: LinkingSettings
    told: int = 0
    directory: LinkedDirectory = field(init=False)
    people: Introductions = field(init=False)
    browser: httpx.AsyncClient = field(init=False)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        desk = self.room.desk
        self.directory = LinkedDirectory(desk.directory, desk.database)
        parts = desk.gate.parts
        read = replace(parts.systems.read, directory=self.directory)
        desk.gate.parts = replace(parts, systems=replace(parts.systems, read=read))
        page = f"{PUBLIC}{PATH}"
        self.people = Introductions(desk.database, self.directory, self.settings, page, self._telling, self._seconds)
        sessions = Sessions(desk.database, self.directory, SESSION, LIFE)
        pages = LinkPages(
            desk.gate.parts, self.room.sign_in, sessions, must_match=self.settings.email_must_match, told=self._telling
        )
        returning = Returning(self.room.sign_in, desk.database, {PURPOSE: pages.signed_in})
        self.app = Starlette(routes=[*pages.routes(), *returning.routes()], middleware=[Middleware(Guard)])
        self.browser = self.another_browser()

    def _seconds(self) -> float:
        return time.monotonic() + self.room.desk.database.clock_offset.total_seconds()

    def _telling(self) -> None:
        self.told += 1

    def another_browser(self) -> httpx.AsyncClient:
        """A browser with no cookies yet."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC)

    async def offered(self, who: Acquaintance | None = None) -> str:
        """The path of a link that was offered to an account."""
        link = await self.people.offer(who or account(), "en")
        assert link is not None
        assert link.address.startswith(f"{PUBLIC}/link/")
        return urlsplit(link.address).path

    async def signed_in(self, path: str, subject: str = "sub-tom", browser: httpx.AsyncClient | None = None) -> str:
        """Press "sign in" and do so; what the page says then."""
        browser = browser or self.browser
        sent = await browser.post(path, data={"do": "sign_in"})
        assert sent.status_code == 303, sent.text
        back = await browser.get(self.provider.signs_in(sent.headers["location"], subject))
        assert back.status_code == 303, text_of(back.text)
        return text_of((await browser.get(back.headers["location"])).text)

    async def press(self, path: str, do: str = "link", browser: httpx.AsyncClient | None = None) -> httpx.Response:
        """A button of the page."""
        return await (browser or self.browser).post(path, data={"do": do})

    async def link(self, who: Acquaintance | None = None, subject: str = "sub-tom") -> httpx.Response:
        """The whole way."""
        path = await self.offered(who)
        await self.signed_in(path, subject)
        return await self.press(path)

    async def whose(self, identity: ChannelIdentity | None = None) -> str:
        """The number of the employee an account is; empty for a stranger."""
        found = await self.directory.by_identity(identity or slack())
        return found.employee_id if found else ""

    def all(self) -> list[IdentityLink]:
        """Every link."""
        with self.room.desk.database.reading() as tx:
            return list(links.every(tx))

    async def propose(self, employee_id: str, tool: str, identity: ChannelIdentity, **arguments: str) -> str:
        """Ask for something from a chat; the action's id. Raises what the gate raises."""
        desk = self.room.desk
        prepared = await desk.gate.prepare(await desk.employee(employee_id), tool, arguments, "en")
        action_id = str(uuid.uuid4())
        origin = Origin(action_id, f"event-{action_id}", "conversation", _address(identity), identity)
        await desk.database.run(lambda tx: desk.gate.propose(tx, prepared, origin))
        return action_id

    async def click(self, identity: ChannelIdentity, action_id: str, verb: str, **fields: str) -> Decision:
        """Press a button of a card from a chat."""
        person = await self.directory.by_identity(identity)
        assert person is not None
        click = Click(f"click-{uuid.uuid4()}", identity, _address(identity), action_id, Verb(verb), fields)
        return await self.room.desk.gate.decide(click, person)

    def not_me(self, code: str) -> Decision:
        """Report a link with the code of its notice."""
        desk = self.room.desk
        with desk.database.transaction() as tx:
            return by_notice(desk.gate.parts, tx, code, "notice")

    def notices(self) -> list[tuple[str, str]]:
        """What was sent to registered addresses: where to, and the text."""
        with self.room.desk.database.reading() as tx:
            rows = tx.execute(sa.select(outbox).where(outbox.c.kind == "notify").order_by(outbox.c.outbox_id))
            return [(row.destination["address"], row.payload["text"]) for row in rows if row.key.startswith("linked:")]

    def noted(self) -> list[tuple[str, str, str]]:
        """The audit rows about accounts: actor, verb, result."""
        with self.room.desk.database.reading() as tx:
            rows = tx.execute(sa.select(audit).where(audit.c.verb.startswith("identity.")).order_by(audit.c.seq))
            return [(row.actor, row.verb, row.result) for row in rows]


def _address(identity: ChannelIdentity) -> Address:
    return Address(identity.channel, identity.tenant, f"D{identity.user}", user=identity.user)


@asynccontextmanager
async def linking_room(
    folder: Path, provider: WrongProvider, oidc: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[LinkingRoom]:
    """A room; `changes` are of the settings of linking, `oidc` of those of the sign-in."""
    async with sign_in_room(folder, provider.issuer, **(oidc or {})) as room:
        made = LinkingRoom(room, provider, LinkingSettings(**changes))
        try:
            yield made
        finally:
            await made.browser.aclose()
