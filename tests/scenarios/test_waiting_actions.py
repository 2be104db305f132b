"""A request that nobody looks at: approvers are reminded, others are asked, the requester knows, and it never hangs."""

from __future__ import annotations

import pytest

from tests.desk import Desk
from tests.staff import JOOST, PRIYA, TOM

OFFICER = "E1011"  # the Security Office, to which a reset is passed on


def said_in(desk: Desk, room: str) -> list[str]:
    return [post.reply.text for post in desk.posts() if post.address.room == room]


@pytest.mark.slow
async def test_a_forgotten_reset_is_reminded_of_passed_on_and_done() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.click(JOOST, reset, "take")
        for _ in range(7 * 24):  # opening hours: a weekend may lie between
            await desk.clock.advance(hours=1)
            if said_in(desk, "security"):
                break
        assert await desk.state(reset) == "awaiting_approval"
        assert sum("Still waiting" in text for text in said_in(desk, JOOST)) == 1
        assert any("Joost Verhoeven has taken it" in text for text in said_in(desk, JOOST))
        assert not any("Still waiting" in text for text in said_in(desk, "it-approvers"))
        assert not any("Still waiting" in text for text in said_in(desk, TOM))
        assert sum("passed on" in text for text in said_in(desk, TOM)) == 1

        assert (await desk.click(OFFICER, reset, "approve")).accepted

        assert await desk.state(reset) == "done"
        assert len(desk.effects()) == 1


async def test_a_draft_is_never_reminded_of() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, "reset my password")
        before = len(desk.posts())
        await desk.clock.advance(minutes=25)
        assert len(desk.posts()) == before
        await desk.clock.advance(minutes=10)
        assert await desk.state(draft) == "expired"


@pytest.mark.slow
async def test_what_nobody_decides_expires_and_everybody_is_told() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.clock.advance(days=9)
        assert await desk.state(reset) == "expired"
        assert any("has expired" in text for text in said_in(desk, TOM))
        assert not (await desk.click(PRIYA, reset, "approve")).accepted
        assert desk.effects() == []
