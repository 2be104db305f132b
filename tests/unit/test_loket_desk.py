"""The whole counter through its desk: what is promised to whoever calls it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import inbox
from core.events import Address, Click, Message, Place, Verb
from core.people import ChannelIdentity
from tests.desk import Desk


@pytest.mark.slow
async def test_a_question_is_answered_with_the_clause_it_rests_on() -> None:
    async with Desk.start() as desk:
        replies = await desk.say("E1002", "How many hours of annual leave do I get?")
        assert replies[-1].citations[0].path.endswith("leave-2026.md")
        assert desk.effects() == []


@pytest.mark.slow
async def test_a_reset_goes_from_sentence_to_effect_and_its_secrets_reach_nobody_else() -> None:
    async with Desk.start() as desk:
        replies = await desk.say("E1002", "reset my password")
        card = next(reply.card for reply in replies if reply.card)
        assert (await desk.click("E1002", card.action_id, "confirm")).accepted
        code = desk.code("E1002")
        assert (await desk.click("E1002", card.action_id, "prove", code=code)).accepted
        assert desk.cards("it-approvers")
        assert not (await desk.click("E1002", card.action_id, "approve")).accepted
        assert desk.effects() == []
        assert (await desk.click("E1003", card.action_id, "approve")).accepted
        assert [effect.kind for effect in desk.effects()] == ["credential_set"]
        credential = desk.credential("E1002")
        assert desk.world.signs_in("tom.bakker", credential) == "must_change"
        assert desk.sinks_with(credential) == []
        assert desk.sinks_with(code) == []


@pytest.mark.slow
async def test_the_same_event_twice_is_one_turn() -> None:
    async with Desk.start(documents=()) as desk:
        message = Message(
            "slack:TDHB:Ev1",
            ChannelIdentity("slack", "TDHB", "UE1002"),
            Address("slack", "TDHB", "D1"),
            "hello",
            desk.clock.now(),
        )
        await asyncio.gather(*(desk.counter.desk.receive(message) for _ in range(5)))
        await desk.settle()
        assert len([post for post in desk.posts() if post.reply.outcome]) == 1


async def test_a_stranger_decides_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say("E1002", "reset my password")
        card = next(reply.card for reply in replies if reply.card)
        stranger = Click(
            "slack:TDHB:c1",
            ChannelIdentity("slack", "T-OTHER", "UE1003"),
            Address("slack", "T-OTHER", "D1"),
            card.action_id,
            Verb.APPROVE,
        )
        decision = await desk.counter.desk.decide(stranger)
        assert not decision.accepted
        guest = await desk.click("E1015", card.action_id, "confirm")
        assert not guest.accepted


async def test_a_private_reply_to_a_question_in_a_channel_goes_to_the_direct_chat() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say("E1002", "reset my password", via="slack_channel")
        cards = [post for post in desk.posts() if post.reply.card]
        assert cards
        assert all(post.address.place is Place.DIRECT and post.address.user == "UE1002" for post in cards)


@pytest.mark.slow
async def test_a_message_stored_by_a_process_that_died_is_answered_by_the_next(tmp_path: Path) -> None:
    async with Desk.start(home=tmp_path / "home", documents=()) as desk:
        message = Message(
            "slack:TDHB:Ev2",
            ChannelIdentity("slack", "TDHB", "UE1002"),
            Address("slack", "TDHB", "D1"),
            "hello",
            desk.clock.now(),
        )
        await desk.counter.sweep.stop()
        # Stored and acknowledged; then the process dies before its engine hears of it.
        await desk.database.run(lambda tx: inbox.put(tx, message))
    async with Desk.start(home=tmp_path / "home") as desk:
        await desk.counter.sweep.once()
        await desk.settle()
        assert len([post for post in desk.posts() if post.reply.outcome]) == 1


async def test_time_moves_for_the_database_and_the_outside_world_alike() -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say("E1002", "reset my password")
        card = next(reply.card for reply in replies if reply.card)
        await desk.clock.advance(hours=30)
        assert not (await desk.click("E1002", card.action_id, "confirm")).accepted
        assert desk.world.clock() - datetime.now(UTC) > timedelta(hours=29)


@pytest.mark.slow
async def test_a_kill_switch_thrown_by_another_process_counts_within_a_second() -> None:
    async with Desk.start(documents=()) as desk:
        admin = await desk.counter.directory.by_id("E1009")
        assert admin is not None
        await desk.counter.gate.switch_off(admin, "reset_my_password", "rehearsal")
        await asyncio.sleep(1.1)
        replies = await desk.say("E1002", "reset my password")
        assert all(reply.card is None for reply in replies)
