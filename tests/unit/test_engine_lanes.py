"""What waits begins in its order: one at a time in a lane, so many of a queue at once, and nothing after the end."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from loket.engine import Queue
from loket.engine.dbos_sqlite import SqliteEngine
from loket.engine.lanes import Lane, Lanes

pytest_plugins = ["tests.fixtures_storage"]

ANNA, BRAM, CARLA = ((Queue.TURNS, name) for name in ("anna", "bram", "carla"))


def lanes(at_once: int = 2) -> tuple[Lanes, list[tuple[str, Lane]]]:
    begun: list[tuple[str, Lane]] = []
    return Lanes(lambda work_id, lane: begun.append((work_id, lane)), {Queue.TURNS: at_once, Queue.ACTIONS: 1}), begun


def test_a_lane_goes_on_when_what_ran_in_it_has_ended() -> None:
    some, begun = lanes()
    for work_id in ("1", "2", "3"):
        some.put(work_id, ANNA)
    assert begun == [("1", ANNA)]
    some.end(ANNA)
    some.end(ANNA)
    assert begun == [("1", ANNA), ("2", ANNA), ("3", ANNA)]


def test_no_more_of_a_queue_than_were_asked_for_and_a_long_lane_holds_up_no_other() -> None:
    some, begun = lanes(at_once=2)
    for work_id, lane in (("1", ANNA), ("2", ANNA), ("1", BRAM), ("1", CARLA)):
        some.put(work_id, lane)
    assert begun == [("1", ANNA), ("1", BRAM)]
    some.end(ANNA)
    assert begun[2:] == [("1", CARLA)]  # it has waited longer than Anna's second
    some.end(BRAM)
    assert begun[3:] == [("2", ANNA)]


def test_queues_do_not_share_their_room() -> None:
    some, begun = lanes(at_once=1)
    some.put("1", ANNA)
    some.put("2", BRAM)
    some.put("a", (Queue.ACTIONS, "anna"))
    assert begun == [("1", ANNA), ("a", (Queue.ACTIONS, "anna"))]


def test_what_runs_already_keeps_its_lane_until_it_ends() -> None:
    some, begun = lanes(at_once=1)
    some.take(ANNA)
    some.put("2", ANNA)
    some.put("1", BRAM)
    assert begun == []
    some.end(ANNA)
    assert begun == [("1", BRAM)]  # it was ready before Anna's second


def test_nothing_begins_after_the_end() -> None:
    some, begun = lanes()
    some.put("1", ANNA)
    some.put("2", ANNA)
    some.close()
    some.end(ANNA)
    assert begun == [("1", ANNA)]


async def test_what_an_earlier_version_left_in_the_queue_of_dbos_is_left_to_the_sweep(sqlite_url: str) -> None:
    """Nobody asks that queue any more: an id that lies in it must not count as being on its way."""
    done: list[str] = []

    async def handler(work_id: str) -> None:
        done.append(work_id)

    engine = SqliteEngine(sqlite_url, "one")
    await engine.start({Queue.TURNS: handler})
    engine.submit(Queue.TURNS, "event", "anna")
    await asyncio.wait_for(engine.settle(), 20)
    await engine.stop()
    with closing(sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))) as connection, connection:
        connection.execute("UPDATE workflow_status SET status = 'ENQUEUED', queue_name = 'turns'")
    again = SqliteEngine(sqlite_url, "one")
    await again.start({Queue.TURNS: handler})
    again.recall(Queue.TURNS, "event", "anna")
    await asyncio.wait_for(again.settle(), 20)
    await again.stop()
    assert done == ["event", "event"]
