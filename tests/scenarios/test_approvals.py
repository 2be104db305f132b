"""Approvals: who may say yes, how often, until when; and that nothing else is a yes."""

from __future__ import annotations

import asyncio

import pytest

from core.people import ChannelIdentity
from tests.desk import Desk
from tests.reading import text_of
from tests.staff import ADMIN, CHIDI, INEKE, JAN, JOOST, KARIM, MARIA, MILA, PRIYA, SANNE, TOM


async def waiting_reset(desk: Desk, employee: str = TOM) -> str:
    """A reset that waits for an approver."""
    action_id = await desk.ask_for(employee, "reset my password")
    await desk.prove(employee, action_id)
    return action_id


@pytest.mark.parametrize(
    "typed", ["approve {id}", "approve", "yes", "ok", "ja", "/approve {id}", "ik keur {id} goed", "go ahead"]
)
async def test_text_never_approves(typed: str) -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        for text in (typed.format(id=reset), typed.format(id=reset[:8])):
            await desk.say(PRIYA, text)
            await desk.say(PRIYA, text, via="slack_channel")
        assert await desk.state(reset) == "awaiting_approval"
        assert desk.effects() == []


@pytest.mark.parametrize("who", [TOM, JAN, INEKE, MILA, ADMIN])
async def test_whoever_is_not_entitled_changes_nothing_and_hears_why(who: str) -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        for verb in ("approve", "deny", "take"):
            decision = await desk.click(who, reset, verb, reason="because")
            assert not decision.accepted
            assert decision.text
        assert await desk.state(reset) == "awaiting_approval"


async def test_an_approver_cannot_approve_their_own_reset_from_any_channel() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk, PRIYA)
        for via in ("terminal", "slack_dm", "teams_dm"):
            assert not (await desk.click(PRIYA, reset, "approve", via=via)).accepted
        assert desk.effects() == []


async def test_one_person_in_two_channels_is_one_vote() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        await desk.click(TOM, reset, "no_code")  # critical from here: two people
        await desk.click(PRIYA, reset, "approve", via="slack_dm", callback="yes")
        assert not (await desk.click(PRIYA, reset, "approve", via="teams_dm", callback="yes")).accepted
        assert desk.effects() == []


async def test_the_first_no_is_final() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        assert (await desk.click(PRIYA, reset, "deny", reason="I know nothing of this")).accepted
        assert not (await desk.click(JOOST, reset, "approve")).accepted
        assert desk.effects() == []
        assert "I know nothing of this" in text_of(post.reply for post in desk.posts() if post.address.user == TOM)


async def test_approvers_who_click_at_the_same_moment_have_one_effect() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        await asyncio.gather(
            *(desk.click(who, reset, "approve") for who in (PRIYA, JOOST, CHIDI, KARIM)),
            *(desk.click(PRIYA, reset, "approve", via="slack_dm") for _ in range(4)),
        )
        assert len(desk.effects()) == 1


async def test_what_nobody_decides_expires_and_an_old_card_does_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        await desk.clock.advance(days=8)
        assert await desk.state(reset) == "expired"
        assert not (await desk.click(PRIYA, reset, "approve")).accepted
        assert desk.effects() == []
        assert "expired" in text_of(post.reply for post in desk.posts() if post.address.user == TOM)


async def test_a_draft_that_nobody_confirms_expires() -> None:
    async with Desk.start(documents=()) as desk:
        draft = await desk.ask_for(TOM, "Open a ticket: my chair is broken")
        await desk.clock.advance(days=2)
        await desk.say(TOM, "ok")
        assert await desk.state(draft) == "expired"
        assert desk.effects() == []


async def test_the_fourth_reset_in_a_day_meets_the_brake() -> None:
    async with Desk.start(documents=()) as desk:
        for _ in range(3):
            reset = await desk.ask_for(TOM, "reset my password")
            await desk.click(TOM, reset, "cancel")
        replies = await desk.say(TOM, "reset my password")
        assert not [reply for reply in replies if reply.card]
        assert "3" in text_of(replies)
        await desk.clock.advance(hours=25)
        assert await desk.ask_for(TOM, "reset my password")


async def test_one_open_request_for_a_person_at_a_time() -> None:
    async with Desk.start(documents=()) as desk:
        await waiting_reset(desk)
        assert not [reply for reply in await desk.say(TOM, "unlock my account") if reply.card]
        assert len(await desk.counter.gate.waiting()) == 1


async def test_an_approver_who_clicks_very_fast_needs_another_one_beside_them() -> None:
    async with Desk.start(documents=()) as desk:
        for number, employee in enumerate((TOM, SANNE, JAN, MARIA, INEKE, "E1038")):
            reset = await desk.ask_for(employee, "reset my password")
            await desk.prove(employee, reset)
            await desk.click(PRIYA, reset, "approve")
            done = len(desk.effects())
            assert done == number + 1 or number >= 4
        assert len(desk.effects()) < 6
        assert any(post.address.room == "security" for post in desk.posts())


async def test_a_group_lost_between_the_vote_and_the_effect_voids_the_vote() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        await desk.click(TOM, reset, "no_code")
        await desk.click(PRIYA, reset, "approve", callback="yes")
        desk.world.set_groups(PRIYA, ["all-staff"])
        await desk.click(JOOST, reset, "approve", callback="yes")
        assert desk.effects() == []


async def test_the_kill_switch_says_so_and_stops_what_was_already_approved() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await waiting_reset(desk)
        admin = await desk.counter.directory.by_id(ADMIN)
        assert admin is not None
        await desk.counter.gate.switch_off(admin, "*", "rehearsal")
        await desk.click(PRIYA, reset, "approve")
        assert desk.effects() == []
        await asyncio.sleep(1.1)  # the registry reads the switch once a second
        replies = await desk.say(JAN, "reset mijn wachtwoord")
        assert not [reply for reply in replies if reply.card]
        assert "staat op dit moment uit" in text_of(replies)


async def test_the_card_shows_an_approver_everything_and_hides_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        await waiting_reset(desk)
        shown = text_of(desk.cards("it-approvers")[-1:])
        for expected in ("Tom Bakker", "E1002", "tom.bakker", "Peter van Egmond", "reset_my_password"):
            assert expected in shown, expected
        assert "+31655501002" not in shown


async def test_an_approver_reads_which_policy_is_behind_a_request() -> None:
    async with Desk.start(documents={}) as desk:
        reset = await desk.ask_for("E1002", "reset my password")
        await desk.prove("E1002", reset)
        card = await desk.counter.desk.card(ChannelIdentity("terminal", "local", "E1003"), reset)
        assert card is not None
        policies = [fact.value for fact in card.facts if fact.label == "Policy"]
        assert policies == ["Passwords and signing in (MFA), section 3 (A forgotten password or a locked account)"]


async def test_a_card_speaks_the_language_of_its_request_whatever_its_reader_prefers() -> None:
    async with Desk.start(documents={}) as desk:
        reset = await desk.ask_for(TOM, "ik ben mijn wachtwoord vergeten")
        before = len(desk.posts())
        decision = await desk.prove(TOM, reset)
        assert decision.text.startswith("The code is right.")  # said to him alone, in the language of his profile
        cards = [
            post.reply for post in desk.posts(before) if post.reply.card is not None and post.reply.language == "nl"
        ]
        assert cards
        assert not [card.text for card in cards if "The code" in card.text]
        await desk.click(PRIYA, reset, "deny", reason="Call me first.")
        assert "E1003: no" in str(desk.cards("it-approvers")[-1])
