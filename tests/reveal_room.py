"""A gate with its page: resets whose credential is seen on a page, and a browser to look at it with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware

from actions.opening import Reveals
from actions.roads import Pages
from core.encoding import decode
from core.replies import Reply
from storage.tables import audit, outbox
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from web_app.guard import Guard as HttpGuard
from web_app.pace import Pace
from web_app.reveal import RevealPage

ADDRESS = "https://desk.dhb.example"
AYLIN, CHIDI, PRIYA, SANNE, HENK = "E1019", "E1022", "E1003", "E1001", "E1018"
_TOKEN = re.compile(rf"{re.escape(ADDRESS)}/reveal/([A-Za-z0-9_-]+)\?lang=")
_SECRET = re.compile(r'<p class="secret" translate="no">([^<]+)</p>')


@dataclass
class RevealRoom:
    """Ask, prove, approve, and open the page. `pace` is generous: what it does has tests of its own."""

    gate: GateOnly
    pages: Pages
    page: RevealPage = field(init=False)
    browser: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        parts = self.gate.gate.parts
        self.gate.gate.parts = replace(parts, systems=replace(parts.systems, pages=self.pages))
        self.page = RevealPage(Reveals(self.gate.gate.parts), pace=Pace(10_000, 10_000))
        self.browser = browser_of(self.page)

    async def reset(
        self, who: str = AYLIN, approvers: tuple[str, ...] = (PRIYA,), tool: str = "reset_my_password"
    ) -> str:
        """A reset from the request to `done`; its link is in the chat afterwards."""
        action_id = await self.gate.propose(who, tool)
        await self.gate.prove(who, action_id)
        for approver in approvers:
            decision = await self.gate.click(approver, action_id, "approve", callback="yes")
            assert decision.accepted, decision.text
        await self.gate.settle()
        return action_id

    def posts(self, action_id: str = "") -> list[Reply]:
        """What was said in chats, oldest first; about one action."""
        with self.gate.database.reading() as tx:
            rows = tx.execute(sa.select(outbox).where(outbox.c.kind == "reply").order_by(outbox.c.outbox_id)).all()
        return [decode(Reply, row.payload) for row in rows if action_id in row.key]

    def tokens(self, action_id: str) -> list[str]:
        """The tokens of all links that were sent about an action, oldest first."""
        links = [link.address for post in self.posts(action_id) if post.card for link in post.card.links]
        return [match.group(1) for address in links if (match := _TOKEN.match(address))]

    def code(self) -> str:
        """The newest code on a phone."""
        return self.gate.last_secret("sms")

    def wrong_code(self) -> str:
        """One that it is not."""
        return f"{(int(self.code()) + 1) % 1_000_000:06}"

    async def post(self, token: str, **fields: str) -> httpx.Response:
        """Press a button of the page."""
        return await self.browser.post(f"/reveal/{token}", data=fields)

    def envelope(self, action_id: str, kind: str = "credential") -> dict[str, Any]:
        """The row of a secret."""
        with self.gate.database.reading() as tx:
            query = sa.text("SELECT * FROM envelopes WHERE envelope_id = :id")
            row = tx.execute(query, {"id": f"{action_id}:{kind}"}).mappings().first()
        return dict(row) if row else {}

    def noted(self, action_id: str) -> list[tuple[str, str, str]]:
        """The audit rows about an action: actor, verb, result."""
        with self.gate.database.reading() as tx:
            rows = tx.execute(sa.select(audit).where(audit.c.object == f"action:{action_id}").order_by(audit.c.seq))
            return [(row.actor, row.verb, row.result) for row in rows]

    def notices(self, action_id: str, kind: str) -> list[str]:
        """The roads by which its subject heard of something."""
        with self.gate.database.reading() as tx:
            keys = tx.execute(sa.select(outbox.c.key).where(outbox.c.kind == "notify")).scalars().all()
        return sorted(key.rpartition(":")[2] for key in keys if key.startswith(f"{kind}:{action_id}:"))


def browser_of(page: RevealPage, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A browser at the page, inside the same wall as in the service."""
    app = Starlette(routes=list(page.routes()), middleware=[Middleware(HttpGuard)])
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=cookies, follow_redirects=False)


def secret_on(response: httpx.Response) -> str:
    """The credential that a page shows; empty for none."""
    match = _SECRET.search(response.text)
    return match.group(1) if match else ""


@contextmanager
def reveal_room(postgres: str = "", pages: Pages | None = None) -> Iterator[RevealRoom]:
    """A fresh one, on SQLite or on a Postgres test cluster."""
    with room_on(postgres) as room:
        yield RevealRoom(room, pages or Pages(ADDRESS, sign_in=True))
