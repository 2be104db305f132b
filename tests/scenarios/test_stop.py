"""Stop: what is not answered yet ends without an answer, nothing is done, and the person hears just that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
import sqlalchemy as sa

from agent import inbox
from agent.tables import inbox as inbox_table
from agent.tables import messages
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolSchema
from core.events import Stop
from core.outcomes import Outcome
from core.people import ChannelIdentity
from tests.desk import Desk
from tests.models import calls, says
from tests.staff import SANNE, TOM

TICKET = {"queue": "FAC", "summary": "Chair broken", "description": "The chair in Z1.03 is broken."}
FULL = "Full-time employees get 200 hours of annual leave a year."
HANDBOOK = {"leave.md": f"---\ntitle: Leave\nowner: HR\nlanguage: en\n---\n\n# Annual leave\n\n{FULL}\n"}
CANARY = "heliotrope-barge"


@dataclass
class Ponderer:
    """Thinks until it is let go, then files a ticket; remembers whether a call was cut off."""

    name: str = "ponderer"
    thinking: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    cut: int = 0

    async def complete(self, shown: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        self.thinking.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cut += 1
            raise
        return says("There you are.") if shown[-1].role == "tool" else calls("create_ticket", **TICKET)


@dataclass
class Writer(Ponderer):
    """Looks something up, writes one sentence of the answer, and then thinks about the next."""

    async def complete(self, shown: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        return calls("search_policies", question="how many hours of annual leave")

    async def stream(
        self, shown: Sequence[ChatMessage], tools: Sequence[ToolSchema]
    ) -> AsyncIterator[TextDelta | ModelTurn]:
        yield TextDelta(f"{FULL} [1]")
        await Ponderer.complete(self, shown, tools)
        yield says(f"{FULL} [1]")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.stopping.LOOK_SECONDS", 0.05)


def said(desk: Desk) -> list[str]:
    return [post.reply.text for post in desk.posts() if post.reply.outcome]


def states(desk: Desk) -> set[str]:
    with desk.database.reading() as tx:
        return set(tx.execute(sa.select(inbox_table.c.state)).scalars())


async def thought_about(desk: Desk, model: Ponderer, text: str, **where: str) -> None:
    await desk.deliver(replace(desk.message(TOM, text, **where), complete=True))
    await asyncio.wait_for(model.thinking.wait(), 60)


async def test_a_turn_that_thinks_is_cut_short_its_model_call_too_and_nothing_is_proposed() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, f"the {CANARY} in my room is broken")
        assert await desk.stop(TOM)
        await desk.settle()
        assert model.cut == 1
        assert desk.turns() == [Outcome.STOPPED]
        assert said(desk) == ["Stopped. Nothing was done."]
        assert await desk.counter.gate.waiting() == []
        assert states(desk) == {"handled"}
        with desk.database.reading() as tx:
            assert set(tx.execute(sa.select(messages.c.text)).scalars()) == {""}


async def test_it_is_said_in_the_language_of_the_person() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await desk.deliver(replace(desk.message(SANNE, "kun je iets voor mij uitzoeken over de fiets"), complete=True))
        await asyncio.wait_for(model.thinking.wait(), 60)
        assert await desk.stop(SANNE)
        await desk.settle()
        assert said(desk) == ["Gestopt. Er is niets gedaan."]


async def test_a_stop_that_was_not_seen_while_thinking_counts_at_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.stopping.LOOK_SECONDS", 60)
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, "the chair in my room is broken")
        assert await desk.stop(TOM)
        model.go_on.set()
        await desk.settle()
        assert desk.turns() == [Outcome.STOPPED]
        assert await desk.counter.gate.waiting() == []


async def test_a_stop_after_the_answer_changes_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        assert not await desk.stop(TOM)
        action = await desk.ask_for(TOM, "please open a ticket: the printer on floor 2 jams")
        before = len(desk.posts())
        assert not await desk.stop(TOM)
        await desk.settle()
        assert len(desk.posts()) == before
        assert await desk.state(action) == "awaiting_confirmation"


async def test_stopping_twice_is_stopping_once() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, "the chair in my room is broken")
        assert await desk.stop(TOM)
        assert not await desk.stop(TOM)
        await desk.settle()
        assert len(said(desk)) == 1


async def test_nobody_stops_the_turn_of_another() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, "the chair in my room is broken", via="slack_channel", thread="1.1")
        assert not await desk.stop(SANNE, via="slack_channel", thread="1.1")
        [(_, partition)] = await desk.database.read(inbox.unhandled)
        asked = desk.message(TOM, "", via="slack_channel", thread="1.1")
        other_tenant = ChannelIdentity("slack", "T-OTHER", asked.identity.user)
        stop = Stop("slack:T-OTHER:1", other_tenant, asked.address)
        assert partition == asked.partition
        assert not await desk.counter.desk.stop(stop)
        model.go_on.set()
        await desk.settle()
        assert desk.turns() == [Outcome.PROPOSED]


async def test_what_is_written_after_a_stop_is_answered() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, "the chair in my room is broken")
        assert await desk.stop(TOM)
        await desk.deliver(replace(desk.message(TOM, "hello"), complete=True))
        await desk.settle()
        assert desk.turns() == [Outcome.STOPPED, Outcome.CLARIFIED]


async def test_what_waits_to_be_written_on_is_stopped_as_a_whole() -> None:
    async with Desk.start(documents=(), settings={"agent": {"burst_seconds": 5}}) as desk:
        for line, anchor in (("my laptop", "1.1"), ("is broken", "1.2")):
            await desk.deliver(desk.message(TOM, line, via="slack_dm", anchor=anchor))
        assert await desk.stop(TOM, via="slack_dm", anchor="1.2")
        await desk.settle()
        assert desk.turns() == [Outcome.STOPPED]
        [post] = [post for post in desk.posts() if post.reply.outcome]
        assert post.address.anchor == "1.2"


async def test_one_line_of_several_that_is_taken_back_leaves_the_others() -> None:
    model = Ponderer()
    async with Desk.start(documents=(), model=model) as desk:
        await thought_about(desk, model, "the chair in my room is broken", via="slack_dm", anchor="1.1")
        for line, anchor in ((f"and the {CANARY}", "1.2"), ("and the lamp is broken too", "1.3")):
            await desk.deliver(replace(desk.message(TOM, line, via="slack_dm", anchor=anchor), complete=True))
        assert await desk.stop(TOM, via="slack_dm", anchor="1.2")
        model.go_on.set()
        await desk.settle()
        assert sorted(desk.turns()) == [Outcome.PROPOSED, Outcome.STOPPED]
        with desk.database.reading() as tx:
            kept = "\n".join(tx.execute(sa.select(messages.c.text)).scalars())
        assert "lamp" in kept
        assert CANARY not in kept


async def test_what_was_shown_of_a_stopped_answer_is_withdrawn() -> None:
    model = Writer()
    async with Desk.start(documents=HANDBOOK, model=model) as desk:
        await desk.deliver(replace(desk.message(TOM, "how many hours of annual leave do I get?"), complete=True))
        await asyncio.wait_for(model.thinking.wait(), 60)
        async with asyncio.timeout(60):
            while not desk.streamed():  # noqa: ASYNC110 - a channel only remembers
                await asyncio.sleep(0.01)
        assert await desk.stop(TOM)
        await desk.settle()
        assert model.cut == 1
        assert desk.streamed()[-1].text == ""
        assert desk.turns() == [Outcome.STOPPED]


async def test_a_stopped_message_that_its_process_did_not_live_to_end_is_ended_by_the_sweep() -> None:
    async with Desk.start(documents=()) as desk:
        message = desk.message(TOM, "reset my password")
        await desk.database.run(lambda tx: inbox.put(tx, message))  # the queue never heard of it
        assert await desk.stop(TOM)
        assert desk.turns() == []
        await desk.counter.sweep.once()
        await desk.settle()
        assert desk.turns() == [Outcome.STOPPED]
        assert states(desk) == {"handled"}
