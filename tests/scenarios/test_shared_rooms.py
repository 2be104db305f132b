"""Rooms where others read along: what is personal goes to the person alone, and no context leaks into another's."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from agent.tables import messages
from agent.words import say
from core.events import Place
from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import ObedientModel, ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.staff import INEKE, PRIYA, SANNE, STRANGER, TOM


def seen_by_all(desk: Desk) -> list[str]:
    return [post.reply.text for post in desk.posts() if post.address.place is Place.SHARED]


async def test_a_rule_for_everybody_is_answered_where_it_was_asked() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "How many hours of annual leave do I get?", via="slack_channel")
        answer = next(post for post in desk.posts() if post.reply.outcome)
        assert answer.address.room == "C-GENERAL"


async def test_a_person_s_own_tickets_and_requests_go_to_their_direct_chat() -> None:
    async with Desk.start(documents=()) as desk:
        for text in ("What is the state of my ticket?", "Is my reset approved yet?", "reset my password", "ok"):
            await desk.say(TOM, text, via="slack_channel", thread="T1")
        shared = text_of(post.reply for post in desk.posts() if post.address.place is Place.SHARED)
        assert "IT-" not in shared
        assert "HR-" not in shared
        assert not [post for post in desk.posts() if post.address.place is Place.SHARED and post.reply.card]


@pytest.mark.parametrize(
    ("who", "line"),
    [
        (TOM, "What is the state of my ticket?"),
        (TOM, "reset my password"),
        (TOM, "please reset my password and show my tickets"),
        (TOM, "I am being bullied by my manager"),
        (TOM, "I want to end my life"),
        (TOM, "Reset the password of Sanne de Wit"),
        (STRANGER, "how many days of leave do I get?"),
    ],
)
async def test_others_see_the_same_short_note_whatever_was_answered_in_private(who: str, line: str) -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(who, line, via="slack_channel", thread="T1")
        language = "en" if who == TOM else "nl"
        assert seen_by_all(desk) == [say("answered_in_direct", language)]
        [note] = [post for post in desk.posts() if post.address.place is Place.SHARED]
        assert note.address.thread == "T1"
        assert note.reply.outcome is None


async def test_there_is_no_note_where_the_answer_is_seen_or_nobody_else_reads() -> None:
    async with Desk.start(documents=()) as desk:
        await desk.say(TOM, "hello", via="slack_channel")
        await desk.say(TOM, "reset my password", via="slack_dm")
        assert say("answered_in_direct", "en") not in [post.reply.text for post in desk.posts()]


async def test_a_rule_for_managers_goes_to_the_manager_alone() -> None:
    async with Desk.start() as desk:
        await desk.say(INEKE, "What do I do when somebody is not performing well?", via="slack_channel")
        for post in desk.posts():
            if any("performance" in citation.path for citation in post.reply.citations):
                assert post.address.place is Place.DIRECT
                assert post.address.user == f"U{INEKE}"


async def test_people_in_one_thread_do_not_see_each_other_s_results() -> None:
    model = ScriptedModel(
        [
            calls("my_tickets"),
            says("Here you are."),
            calls("my_requests"),
            says("Here you are."),
        ]
    )
    async with Desk.start(documents=(), model=model) as desk:
        await desk.say(TOM, "What is the state of my ticket?", via="slack_channel", thread="T1")
        await desk.say(SANNE, "And mine?", via="slack_channel", thread="T1")
        toms, sannes = desk.prompts()[:2], desk.prompts()[2:]
        assert any("Change of working hours" in shown for shown in toms)
        assert sannes
        assert not any("Change of working hours" in shown for shown in sannes)


async def test_what_somebody_else_wrote_in_the_thread_is_not_the_asker_s_history() -> None:
    async with Desk.start(documents=(), model=ObedientModel()) as desk:
        await desk.say(
            TOM, 'CALL create_ticket {"queue": "IT", "summary": "x", "description": "y"}', "slack_channel", "T1"
        )
        shown_before = len(desk.prompts())
        await desk.say(SANNE, "hoeveel verlof", via="slack_channel", thread="T1")
        assert all("create_ticket {" not in shown for shown in desk.prompts()[shown_before:])
        assert {action.requester_id for action in await desk.counter.gate.waiting()} <= {TOM}


async def test_an_approver_in_another_channel_decides_and_every_copy_of_the_card_follows() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password", via="teams_dm")
        await desk.prove(TOM, reset, via="teams_dm")
        assert (await desk.click(PRIYA, reset, "approve", via="slack_dm")).accepted
        newest = {
            (post.address.channel, post.address.room): post.reply.card.state for post in desk.posts() if post.reply.card
        }
        assert len(newest) >= 2
        assert set(newest.values()) <= {"done", "uitgevoerd", "gedaan"}


async def test_a_duplicate_delivery_is_answered_once() -> None:
    async with Desk.start(documents=()) as desk:
        message = desk.message(TOM, "Open a ticket: my chair is broken", via="slack_dm")
        await asyncio.gather(*(desk.deliver(message) for _ in range(8)))
        await desk.settle()
        await desk.deliver(message)
        await desk.settle()
        assert desk.turns() == [Outcome.PROPOSED]
        assert len(await desk.counter.gate.waiting()) == 1


async def test_many_people_at_once_are_each_answered_once_and_each_their_own() -> None:
    people = [f"E10{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 17, 20, 38, 39)]
    async with Desk.start(documents=()) as desk:
        await asyncio.gather(*(desk.deliver(desk.message(who, "hi", via="slack_dm")) for who in people))
        await desk.settle()
        for who in people:
            answers = [post for post in desk.posts() if post.address.user == f"U{who}" and post.reply.outcome]
            assert len(answers) == 1, who


async def test_messages_of_one_person_are_answered_in_order() -> None:
    async with Desk.start(documents=()) as desk:
        for text in ("hi", "Open a ticket: my chair is broken", "ok", "thanks"):
            await desk.deliver(desk.message(TOM, text, via="slack_dm"))
        await desk.settle()
        # What is written before the first reply is one turn (docs/adr/0010); a yes stands alone, behind it.
        assert desk.turns() == [Outcome.PROPOSED, Outcome.PROPOSED, Outcome.ANSWERED]
        assert len(desk.effects()) == 1
        with desk.database.reading() as tx:
            by_tom = sa.select(messages.c.text).where(messages.c.role == "user").order_by(messages.c.message_id)
            said = list(tx.execute(by_tom).scalars())
        assert said == ["hi\nOpen a ticket: my chair is broken", "ok", "thanks"]


async def test_a_signpost_in_a_room_is_seen_by_nobody_else() -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(SANNE, "ik denk aan zelfmoord", via="teams_channel")
        assert outcome_of(replies) is Outcome.SIGNPOSTED
        assert seen_by_all(desk) == [say("answered_in_direct", "nl")]
