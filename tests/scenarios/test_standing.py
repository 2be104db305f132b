"""What the channel itself says of somebody: a guest stays a guest, whoever the directory maps them to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.feedback import Feedback
from core.outcomes import Outcome
from core.people import ChannelIdentity, Standing
from tests.desk import Desk
from tests.models import ScriptedModel, calls
from tests.reading import outcome_of, text_of
from tests.staff import PRIYA, TOM

NOBODIES = (Standing.OUTSIDER, Standing.UNKNOWN)
CANARY = "heliotrope-barge"


def kept(desk: Desk) -> list[str]:
    """Where their words can still be read; the pages of a database file keep what was there until it is swept."""
    return [place for place in desk.sinks_with(CANARY) if not place.startswith("file loket.sqlite")]


@pytest.mark.parametrize("text", ["reset my password", "hi", "I want a person", f"how much leave for {CANARY}"])
@pytest.mark.sampled(0.25)
async def test_a_guest_who_is_mapped_to_an_employee_gets_no_model_no_tool_and_is_not_remembered(text: str) -> None:
    async with Desk.start(documents=(), model=ScriptedModel([calls("reset_my_password")])) as desk:
        replies = await desk.say(TOM, text, via="slack_dm", standing=Standing.OUTSIDER)
        assert outcome_of(replies) is Outcome.REFUSED_IDENTITY
        assert len(replies) == 1
        assert desk.prompts() == []
        assert desk.effects() == []
        assert kept(desk) == []


async def test_whoever_the_channel_could_not_vouch_for_hears_that_a_system_is_down_and_gets_nothing() -> None:
    async with Desk.start(documents=(), model=ScriptedModel([calls("reset_my_password")])) as desk:
        replies = await desk.say(TOM, f"reset my password {CANARY}", via="slack_dm", standing=Standing.UNKNOWN)
        assert outcome_of(replies) is Outcome.FAILED_CONNECTOR
        assert desk.prompts() == []
        assert kept(desk) == []
        assert [reply for reply in await desk.say(TOM, "reset my password", via="slack_dm") if reply.card]


@pytest.mark.parametrize("standing", NOBODIES)
async def test_a_guest_who_is_mapped_to_an_approver_approves_nothing(standing: Standing) -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        stranger = await desk.click("E9999", reset, "approve", via="slack_dm")
        for verb in ("take", "approve", "deny", "cancel"):
            decision = await desk.click(PRIYA, reset, verb, via="slack_dm", standing=standing, reason="no")
            assert not decision.accepted
            assert decision.text == stranger.text
        assert await desk.state(reset) == "awaiting_approval"
        assert (await desk.click(PRIYA, reset, "approve", via="slack_dm")).accepted


@pytest.mark.parametrize("standing", NOBODIES)
async def test_the_own_draft_is_not_confirmed_by_whoever_became_a_guest(standing: Standing) -> None:
    async with Desk.start(documents=()) as desk:
        ticket = await desk.ask_for(TOM, "please open a ticket: the printer on floor 2 jams", via="slack_dm")
        assert not (await desk.click(TOM, ticket, "confirm", via="slack_dm", standing=standing)).accepted
        await desk.say(TOM, "yes", via="slack_dm", standing=standing)
        assert await desk.state(ticket) == "awaiting_confirmation"
        assert desk.effects() == []


@pytest.mark.parametrize("standing", NOBODIES)
async def test_an_outsiders_opinion_is_not_kept(standing: Standing) -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello", via="slack_dm")
        identity = ChannelIdentity("slack", "TDHB", f"U{TOM}")
        said = await desk.counter.desk.feedback(Feedback("", identity, good=False, comment=CANARY, standing=standing))
        assert "do not know you" in said
        assert kept(desk) == []


async def test_an_outsiders_edit_does_not_put_words_into_the_mouth_of_the_employee_they_were() -> None:
    async with Desk.start(documents=(), settings={"agent": {"burst_seconds": 0.5}}) as desk:
        first = desk.message(TOM, "hello", via="slack_dm")
        edit = replace(desk.message(TOM, "reset my password", via="slack_dm"), edits=first.event_id)
        await desk.deliver(first)
        await desk.deliver(replace(edit, standing=Standing.OUTSIDER))
        await desk.settle()
        assert sorted(desk.turns()) == [Outcome.CLARIFIED, Outcome.REFUSED_IDENTITY]


async def test_what_a_member_and_an_outsider_write_is_never_read_together() -> None:
    async with Desk.start(documents=(), settings={"agent": {"burst_seconds": 0.5}}) as desk:
        for text, standing in (("hello", Standing.MEMBER), (f"my laptop {CANARY}", Standing.OUTSIDER)):
            await desk.deliver(replace(desk.message(TOM, text, via="slack_dm"), standing=standing))
        await desk.settle()
        assert sorted(desk.turns()) == [Outcome.CLARIFIED, Outcome.REFUSED_IDENTITY]
        assert kept(desk) == []
        assert "laptop" not in text_of([post.reply for post in desk.posts()])
