"""Approvers who have to sign in, as they meet it: a click, a link, a provider, a page, a yes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa

from actions.tables import votes
from core.people import ChannelIdentity
from tests.servers.wrong_oidc import WrongProvider
from tests.sign_in_room import PUBLIC, SignInRoom, sign_in_room, text_of
from tests.staff import ADMIN, JOOST, KARIM, MILA, PRIYA, SECOND_ADMIN, TOM

SECURITY_ADMIN = "E1011"
SUBJECTS = {
    JOOST: "sub-joost", PRIYA: "sub-priya", KARIM: "sub-karim", TOM: "sub-tom", MILA: "sub-mila", ADMIN: "sub-daan",
    SECOND_ADMIN: "sub-fatima", SECURITY_ADMIN: "sub-erik",
}  # fmt: skip


class Approving:
    """A room with a provider, and short ways through it."""

    def __init__(self, room: SignInRoom, provider: WrongProvider) -> None:
        self.room, self.provider, self.desk = room, provider, room.desk

    async def waits(self, tool: str = "restore_access", who: str = TOM) -> str:
        """A critical request whose requester proved who they are; its id."""
        action_id = await self.desk.propose(who, tool)
        decision = await self.desk.prove(who, action_id)
        assert decision.accepted, decision.text
        return action_id

    async def link(self, who: str, action_id: str, **fields: str) -> str:
        """Press "approve"; the path of the link that comes instead of a vote."""
        decision = await self.desk.click(who, action_id, "approve", **fields)
        assert not decision.accepted, decision.text
        assert len(decision.links) == 1, decision.text
        assert decision.links[0].address.startswith(f"{PUBLIC}/approve/")
        return urlsplit(decision.links[0].address).path

    async def comes_back(
        self, path: str, subject: str, browser: httpx.AsyncClient | None = None, **how: Any
    ) -> httpx.Response:
        """Open the link, sign in, come back: where the browser is sent then, or the page of a no."""
        browser = browser or self.room.browser
        back = self.provider.signs_in(await self.room.sent_off(path, browser), subject, **how)
        return await browser.get(back)

    async def reads(self, path: str, subject: str, browser: httpx.AsyncClient | None = None) -> tuple[str, str]:
        """Sign in for a link; the path and the HTML of the page that shows what would be approved."""
        answer = await self.comes_back(path, subject, browser)
        assert answer.status_code == 303, text_of(answer.text)
        where = answer.headers["location"]
        page = await (browser or self.room.browser).get(where)
        assert page.status_code == 200, text_of(page.text)
        return where, page.text

    async def says_yes(self, where: str, html: str, browser: httpx.AsyncClient | None = None) -> httpx.Response:
        """Press the button of that page."""
        return await (browser or self.room.browser).post(where, data=form_of(html))

    async def approves(self, who: str, action_id: str) -> str:
        """The whole way; what the last page says."""
        where, html = await self.reads(await self.link(who, action_id), SUBJECTS[who])
        return text_of((await self.says_yes(where, html)).text)

    def votes(self, action_id: str) -> list[tuple[str, str, str]]:
        """Who voted what, and how they had signed in."""
        query = sa.select(votes.c.employee_id, votes.c.verdict, votes.c.method).where(votes.c.action_id == action_id)
        with self.desk.database.reading() as tx:
            return [tuple(row) for row in tx.execute(query.order_by(votes.c.at))]


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', html))


@asynccontextmanager
async def approving_room(folder: Path, provider: WrongProvider, **changes: Any) -> AsyncIterator[Approving]:
    """A gate whose approvers can sign in at `provider`."""
    async with sign_in_room(folder, provider.issuer, **{"timeout_seconds": 20, **changes}) as room:
        for employee_id, subject in SUBJECTS.items():
            room.desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, subject), employee_id)
        yield Approving(room, provider)
