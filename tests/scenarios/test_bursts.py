"""People write in bursts and mend what they wrote: one answer to what they mean, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from agent.tables import inbox, messages
from core.chat import ChatMessage, ModelTurn, ToolSchema
from core.events import Message
from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import calls, says
from tests.staff import SANNE, TOM

QUICK = {"agent": {"burst_seconds": 0.4}}


class SlowModel:
    """Thinks until it is let go, and remembers the last message of each call."""

    name = "slow"

    def __init__(self) -> None:
        self.read: list[str] = []
        self.thinking = asyncio.Event()
        self.go_on = asyncio.Event()

    async def complete(self, shown: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        self.read.append(next(one.text for one in reversed(shown) if one.role == "user"))
        self.thinking.set()
        await self.go_on.wait()
        if shown[-1].role == "tool":
            return says("NOT FOUND")
        return calls("search_policies", question=self.read[-1])


def said(desk: Desk) -> list[str]:
    """What people said, as it is kept in the conversation."""
    with desk.database.reading() as tx:
        asked = sa.select(messages.c.text).where(messages.c.role == "user").order_by(messages.c.message_id)
        return list(tx.execute(asked).scalars())


def waiting(desk: Desk) -> int:
    with desk.database.reading() as tx:
        return tx.execute(sa.select(sa.func.count()).where(inbox.c.state == "waiting")).scalar_one()


async def write(desk: Desk, *lines: str, employee: str = TOM, pause: float = 0.05) -> list[Message]:
    written = [desk.message(employee, line) for line in lines]
    for message in written:
        await desk.deliver(message)
        await asyncio.sleep(pause)
    return written


async def test_a_greeting_and_the_question_behind_it_get_one_answer() -> None:
    async with Desk.start(settings=QUICK) as desk:
        await write(desk, "hi", "how many days of annual leave do I get?")
        await desk.settle()
        assert desk.turns() == [Outcome.ANSWERED]
        assert said(desk) == ["hi\nhow many days of annual leave do I get?"]
        assert waiting(desk) == 0


async def test_a_line_in_pieces_is_read_as_one() -> None:
    async with Desk.start(settings=QUICK) as desk:
        await write(desk, "my laptop", "is broken", "please open a ticket")
        await desk.settle()
        assert len(desk.turns()) == 1
        assert said(desk) == ["my laptop\nis broken\nplease open a ticket"]


@pytest.mark.timed
async def test_a_greeting_alone_is_greeted_after_a_moment() -> None:
    async with Desk.start(settings=QUICK) as desk:
        started = time.monotonic()
        await write(desk, "hello")
        await desk.settle()
        assert desk.turns() == [Outcome.CLARIFIED]
        assert 0.4 <= time.monotonic() - started < 5


@pytest.mark.timed
async def test_a_question_does_not_wait() -> None:
    async with Desk.start(settings={"agent": {"burst_seconds": 10}}) as desk:
        started = time.monotonic()
        await write(desk, "hoeveel verlof krijg ik?")
        await desk.settle()
        assert desk.turns() == [Outcome.ANSWERED]
        assert time.monotonic() - started < 5


async def test_what_comes_before_the_reply_joins_the_turn_and_the_work_is_done_again() -> None:
    model = SlowModel()
    async with Desk.start(model=model, settings=QUICK) as desk:
        await write(desk, "how do I get a visitor pass?")
        await asyncio.wait_for(model.thinking.wait(), 10)
        await write(desk, "for somebody from abroad, I mean")
        model.go_on.set()
        await desk.settle()
        assert desk.turns() == [Outcome.NOT_FOUND]
        assert said(desk) == ["how do I get a visitor pass?\nfor somebody from abroad, I mean"]
        assert model.read[0] == "how do I get a visitor pass?"
        assert model.read[-1].endswith("for somebody from abroad, I mean")
        assert len([post for post in desk.posts() if post.reply.outcome]) == 1


async def test_a_yes_is_never_read_together_with_other_words() -> None:
    async with Desk.start(settings=QUICK) as desk:
        action = await desk.ask_for(TOM, "please open a ticket: the printer on floor 2 jams")
        await write(desk, "yes", "and how many days of annual leave do I get?", pause=0)
        await desk.settle()
        assert await desk.state(action) in ("done", "approved", "executing")
        assert desk.turns() == [Outcome.PROPOSED, Outcome.PROPOSED, Outcome.ANSWERED]


async def test_a_yes_behind_a_question_keeps_a_turn_of_its_own() -> None:
    async with Desk.start(settings=QUICK) as desk:
        action = await desk.ask_for(TOM, "please open a ticket: the printer on floor 2 jams")
        await write(desk, "how many days of annual leave do I get?", "yes", pause=0)
        await desk.settle()
        assert await desk.state(action) in ("done", "approved", "executing")


async def test_two_people_never_join() -> None:
    async with Desk.start(settings=QUICK) as desk:
        await asyncio.gather(write(desk, "hi", employee=TOM), write(desk, "hallo", employee=SANNE))
        await desk.settle()
        assert sorted(said(desk)) == ["hallo", "hi"]


async def test_somebody_who_never_stops_is_answered_all_the_same() -> None:
    model = SlowModel()
    model.go_on.set()
    async with Desk.start(model=model, settings={"agent": {"burst_seconds": 5}}) as desk:
        written = await write(desk, *(f"line {number} of a long story about visitors" for number in range(30)), pause=0)
        await desk.settle()
        assert waiting(desk) == 0
        kept = "\n".join(said(desk))
        assert [message.text for message in written if message.text not in kept] == []


async def test_an_edit_before_the_answer_is_answered_once_in_its_new_words() -> None:
    model = SlowModel()
    async with Desk.start(model=model, settings=QUICK) as desk:
        [message] = await write(desk, "how do I get a visitor pas?")
        await asyncio.wait_for(model.thinking.wait(), 10)
        edit = replace(desk.message(TOM, "how do I get a visitor pass?"), edits=message.event_id)
        await desk.deliver(edit)
        await desk.deliver(edit)
        model.go_on.set()
        await desk.settle()
        assert desk.turns() == [Outcome.NOT_FOUND]
        assert said(desk) == ["how do I get a visitor pass?"]


async def test_an_edit_without_other_words_is_not_answered_again() -> None:
    async with Desk.start(settings=QUICK) as desk:
        [message] = await write(desk, "hoeveel verlof krijg ik?")
        await desk.settle()
        await desk.deliver(replace(desk.message(TOM, "hoeveel verlof krijg ik?"), edits=message.event_id))
        await desk.settle()
        assert desk.turns() == [Outcome.ANSWERED]


async def test_other_words_after_the_answer_are_answered_once() -> None:
    async with Desk.start(settings=QUICK) as desk:
        [message] = await write(desk, "hoeveel verlof krijg ik?")
        await desk.settle()
        edit = replace(desk.message(TOM, "hoeveel verlof krijg ik als ik parttime werk?"), edits=message.event_id)
        await desk.deliver(edit)
        await desk.settle()
        again = replace(desk.message(TOM, edit.text), edits=message.event_id)
        await desk.deliver(again)
        await desk.settle()
        assert len(desk.turns()) == 2


async def test_an_edit_never_confirms_and_never_changes_what_was_drafted() -> None:
    async with Desk.start(settings=QUICK) as desk:
        [message] = await write(desk, "please open a ticket: the printer on floor 2 jams")
        await desk.settle()
        [card] = [post.reply.card for post in desk.posts() if post.reply.card]
        before = await desk.counter.gate.show(card.action_id)
        await desk.deliver(replace(desk.message(TOM, "please open a ticket: buy me a boat"), edits=message.event_id))
        await desk.settle()
        after = await desk.counter.gate.show(card.action_id)
        assert before is not None
        assert after is not None
        assert before.arguments == after.arguments
        assert desk.effects() == []


async def test_a_strangers_edit_changes_nobody_elses_message() -> None:
    model = SlowModel()
    async with Desk.start(model=model, settings=QUICK) as desk:
        [message] = await write(desk, "how do I get a visitor pass?", employee=TOM)
        await asyncio.wait_for(model.thinking.wait(), 10)
        await desk.deliver(replace(desk.message(SANNE, "reset my password"), edits=message.event_id))
        model.go_on.set()
        await desk.settle()
        assert "how do I get a visitor pass?" in said(desk)
