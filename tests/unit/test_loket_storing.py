"""What comes in is stored once, in its order, together with what comes meanwhile; one bad message harms no other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from agent import inbox
from agent.tables import inbox as table
from core.errors import ConnectorError
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.desk.storing import LANES, Storing
from loket.engine import Queue
from loket.engine.inline import InlineEngine
from storage import Database, Tx

pytest_plugins = ["tests.fixtures_storage"]
_NUMBERS = itertools.count(1)


class Listing(InlineEngine):
    """Keeps what was enlisted, if its transaction committed."""

    def __init__(self) -> None:
        super().__init__()
        self.queued: list[str] = []

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        tx.after_commit.append(lambda: self.queued.append(work_id))


def message(text: str = "hello", user: str = "") -> Message:
    number = next(_NUMBERS)
    user = user or f"U{number}"
    address = Address("slack", "TDHB", f"D{user}", user=user)
    return Message(f"slack:TDHB:{number:05}", ChannelIdentity("slack", "TDHB", user), address, text, datetime.now(UTC))


class Counted:
    """How many transactions there were; `hold` keeps them back, `break_on` makes those with such a text fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.free = asyncio.Event()
        self.free.set()
        self.break_on = ""
        run, put, counted = Database.run, inbox.put, self

        async def counting(database: Database, work: Callable[[Tx], Any]) -> Any:
            counted.count += 1
            await counted.free.wait()
            return await run(database, work)

        def breaking(tx: Tx, message: Message) -> bool:
            if counted.break_on and counted.break_on in message.text:
                raise ValueError("it cannot be stored")
            return put(tx, message)

        monkeypatch.setattr(Database, "run", counting)
        monkeypatch.setattr(inbox, "put", breaking)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def stored(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(tx.execute(sa.select(table.c.event_id).order_by(table.c.received_at, table.c.event_id)).scalars())


async def test_one_that_cannot_be_stored_keeps_none_of_the_others_out(database: Database, counted: Counted) -> None:
    engine, counted.break_on = Listing(), "poison"
    storing, some = Storing(database, engine), [message("poison" if number == 3 else "hello") for number in range(10)]
    came = await asyncio.gather(*(storing.put(one) for one in some), return_exceptions=True)
    assert [type(one) for one in came if one is not True] == [ValueError]
    good = sorted(one.event_id for one in some if one.text == "hello")
    assert sorted(stored(database)) == sorted(engine.queued) == good


async def test_nobody_hears_yes_before_it_is_stored(database: Database, counted: Counted) -> None:
    storing = Storing(database, Listing())
    counted.free.clear()
    puts = [asyncio.create_task(storing.put(message())) for _ in range(5)]
    await asyncio.wait(puts, timeout=0.05)
    assert not any(put.done() for put in puts)
    counted.free.set()
    assert await asyncio.gather(*puts) == [True] * 5


async def test_a_database_that_is_away_is_told_to_each_and_each_may_come_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, some = Storing(database, Listing()), [message() for _ in range(4)]

    async def away(*_: object) -> None:
        raise ConnectorError("database", "away")

    with monkeypatch.context() as gone:
        gone.setattr(Database, "run", away)
        came = await asyncio.gather(*(storing.put(one) for one in some), return_exceptions=True)
        assert {type(one) for one in came} == {ConnectorError}
    assert await asyncio.gather(*(storing.put(one) for one in some)) == [True] * 4


async def test_what_comes_while_one_is_written_goes_together_into_the_next(
    database: Database, counted: Counted
) -> None:
    storing = Storing(database, Listing())
    counted.free.clear()
    puts = [asyncio.create_task(storing.put(message())) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    counted.free.set()
    assert all(await asyncio.gather(*puts))
    assert counted.count <= 2 * LANES


async def test_a_repeat_asks_the_database_for_nothing(database: Database, counted: Counted) -> None:
    storing, one = Storing(database, Listing()), message()
    assert await storing.put(one)
    before = counted.count
    assert [await storing.put(one) for _ in range(5)] == [False] * 5
    assert counted.count == before


async def test_another_process_s_event_is_a_repeat_here_too(database: Database) -> None:
    engine, one = Listing(), message()
    assert await Storing(database, engine).put(one)
    assert not await Storing(database, engine).put(one)
    assert engine.queued == [one.event_id]


async def test_one_person_s_lines_keep_their_order_whatever_their_ids(database: Database) -> None:
    storing = Storing(database, Listing())
    lines = [replace(message(f"line {number}", "UE1002"), event_id=f"slack:TDHB:{9 - number}") for number in range(8)]
    others = [message() for _ in range(8)]
    await asyncio.gather(*(storing.put(one) for pair in zip(lines, others, strict=True) for one in pair))
    with database.reading() as tx:
        waiting = [one.message.text for one in inbox.open_in(tx, lines[0].partition)]
    assert waiting == [one.text for one in lines]


async def test_an_edit_that_came_with_its_message_is_answered_in_the_new_words_only(database: Database) -> None:
    engine = Listing()
    storing, first = Storing(database, engine), message("wher is my labtop", "UE1002")
    edit = replace(message("where is my laptop?", "UE1002"), edits=first.event_id)
    came = await asyncio.gather(*(storing.put(one) for one in (first, message(), edit)))
    assert came == [True, True, False]
    with database.reading() as tx:
        assert [one.message.text for one in inbox.open_in(tx, first.partition)] == ["where is my laptop?"]
    assert edit.event_id not in engine.queued
