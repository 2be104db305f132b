"""Work that several processes share: each piece is had by one of them, in order, and who lost it changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial

import pytest
import sqlalchemy as sa

from loket.engine import Handler, Queue, work
from loket.engine.dbos_postgres import PostgresEngine
from loket.engine.tables import work as table
from loket.service.assembly import WORK
from loket.service.bus import PostgresBus
from storage import Database

pytest_plugins = ["tests.fixtures_storage"]
pytestmark = pytest.mark.postgres


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url, pool_size=12)
    table.create(database.engine)
    yield database
    database.close()


def put(shared: Database, *ids: str) -> None:
    with shared.transaction() as tx:
        for one in ids:
            work.put(tx, Queue.TURNS, one, one.partition("/")[0])


def take(shared: Database, worker: str, most: int = 10) -> list[work.Claim]:
    with shared.transaction() as tx:
        return work.take(tx, worker, Queue.TURNS, most)


def end(shared: Database, worker: str, *done: work.Claim) -> None:
    with shared.transaction() as tx:
        work.end(tx, worker, done, ())


def free(shared: Database, worker: str, held: list[work.Claim], living: set[str] | None) -> int:
    with shared.transaction() as tx:
        return work.free(tx, worker, held, frozenset(living) if living is not None else None)


def ids(claims: list[work.Claim]) -> list[str]:
    return [claim.work_id for claim in claims]


def test_the_oldest_of_each_partition_is_handed_out_and_the_next_when_it_is_done(shared: Database) -> None:
    put(shared, "anna/1", "anna/2", "bram/1")
    first = take(shared, "one")
    assert ids(first) == ["anna/1", "bram/1"]
    assert take(shared, "two") == []
    end(shared, "one", first[0])
    assert ids(take(shared, "two")) == ["anna/2"]


def test_no_more_than_there_is_room_for(shared: Database) -> None:
    put(shared, "anna/1", "bram/1", "carla/1")
    assert ids(take(shared, "one", 2)) == ["anna/1", "bram/1"]


def test_who_lost_a_claim_changes_nothing(shared: Database) -> None:
    put(shared, "anna/1", "anna/2")
    (lost,) = take(shared, "paused")
    assert free(shared, "other", [], {"other"}) == 1
    (claim,) = take(shared, "other")
    end(shared, "paused", lost)
    assert take(shared, "third") == []  # Anna's first still runs
    assert free(shared, "other", [], {"other", "paused"}) == 1
    (again,) = take(shared, "paused")  # the same worker, another claim
    end(shared, "paused", lost)
    end(shared, "other", claim)
    assert take(shared, "third") == []
    end(shared, "paused", again)
    assert ids(take(shared, "third")) == ["anna/2"]


def test_only_what_the_dead_had_waits_again_at_its_old_place(shared: Database) -> None:
    put(shared, "anna/1", "anna/2", "bram/1")
    (anna,) = take(shared, "dead", 1)
    (bram,) = take(shared, "alive", 1)
    assert (anna.work_id, bram.work_id) == ("anna/1", "bram/1")
    assert free(shared, "other", [], {"other", "alive"}) == 1
    assert ids(take(shared, "other")) == ["anna/1"]


def test_what_became_ours_unheard_waits_again_and_what_we_hold_does_not(shared: Database) -> None:
    put(shared, "anna/1", "bram/1")
    held, _unheard = take(shared, "one")
    take(shared, "two")
    assert free(shared, "one", [held], None) == 1
    assert ids(take(shared, "two")) == ["bram/1"]


def test_what_was_handed_in_again_while_it_ran_runs_once_more(shared: Database) -> None:
    put(shared, "anna/1", "anna/1", "anna/2")
    (claim,) = take(shared, "one")
    put(shared, "anna/1", "anna/1")
    end(shared, "one", claim)
    (again,) = take(shared, "one")
    assert again.work_id == "anna/1"
    end(shared, "one", again)
    assert ids(take(shared, "one")) == ["anna/2"]


def test_what_another_is_just_taking_is_passed_over_without_waiting(shared: Database) -> None:
    put(shared, "anna/1", "anna/2", "bram/1")
    with shared.engine.begin() as slow:
        slow.execute(sa.text("SELECT 1 FROM work WHERE work_id = 'anna/1' FOR UPDATE"))
        assert ids(take(shared, "quick")) == ["bram/1"]
        assert free(shared, "quick", [], {"quick"}) == 1  # and so is what another is just ending
    assert ids(take(shared, "quick")) == ["anna/1", "bram/1"]


def test_what_is_stored_late_waits_for_what_began_before_it(shared: Database) -> None:
    put(shared, "anna/1", "anna/2")
    # As if the first had committed a moment later: the second has begun.
    with shared.transaction() as tx:
        tx.execute(sa.text("UPDATE work SET worker = 'one', claim = 1 WHERE work_id = 'anna/2'"))
        (row,) = tx.execute(sa.text("SELECT place FROM work WHERE work_id = 'anna/2'")).all()
    assert take(shared, "two") == []
    end(shared, "one", work.Claim(Queue.TURNS, "anna/2", row.place, 1))
    assert ids(take(shared, "two")) == ["anna/1"]


def test_two_of_one_partition_cannot_be_marked_as_running(shared: Database) -> None:
    put(shared, "anna/1", "anna/2")
    with pytest.raises(sa.exc.IntegrityError), shared.transaction() as tx:
        tx.execute(sa.text("UPDATE work SET worker = 'one'"))


def test_a_recall_of_what_waits_or_runs_or_whose_partition_is_busy_changes_nothing(shared: Database) -> None:
    put(shared, "anna/1")
    with shared.transaction() as tx:
        work.put(tx, Queue.TURNS, "anna/2", "anna", if_idle=True)
        work.put(tx, Queue.TURNS, "bram/1", "bram", if_idle=True)
    assert ids(take(shared, "one")) == ["anna/1", "bram/1"]


def test_many_who_take_at_once_keep_the_order_and_never_share_a_partition(shared: Database) -> None:
    """Threads in place of processes: to the server they are the same."""
    lanes, rounds = [f"lane{number}" for number in range(6)], 15
    put(shared, *(f"{lane}/{number:02d}" for number in range(rounds) for lane in lanes))
    begun: list[str] = []
    running: set[str] = set()
    overlaps: list[str] = []
    guard = threading.Lock()

    def worker(name: str) -> None:
        dice = random.Random(name)
        while len(begun) < len(lanes) * rounds:
            with contextlib.suppress(sa.exc.IntegrityError):
                for claim in take(shared, name, 2):
                    lane = claim.work_id.partition("/")[0]
                    with guard:
                        overlaps.extend([lane] if lane in running else [])
                        running.add(lane)
                        begun.append(claim.work_id)
                    time.sleep(dice.random() / 500)
                    with guard:
                        running.discard(lane)
                    end(shared, name, claim)

    threads = [threading.Thread(target=worker, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert overlaps == []
    for lane in lanes:
        assert [one for one in begun if one.startswith(f"{lane}/")] == [f"{lane}/{n:02d}" for n in range(rounds)]


class Several:
    """Several processes' engines in one, each with a handler of its own, telling each other what the bus would."""

    def __init__(self, shared: Database, *, news: bool = True) -> None:
        self.engines: list[PostgresEngine] = []
        self._shared = shared
        self._news = news

    async def add(self, name: str, handler: Handler, room: int = 48) -> PostgresEngine:
        loop = asyncio.get_running_loop()

        def tell(queue: str) -> None:
            for engine in self.engines if self._news else ():
                asyncio.run_coroutine_threadsafe(engine.heard(queue), loop)

        engine = PostgresEngine(self._shared, name, (0.01,), {Queue.TURNS: room}, tell=tell)
        self.engines.append(engine)
        await engine.start({Queue.TURNS: handler})
        return engine


@pytest.fixture
async def several(shared: Database) -> AsyncIterator[Callable[..., Several]]:
    async with AsyncExitStack() as stopping:

        def make(*, news: bool = True) -> Several:
            made = Several(shared, news=news)

            async def stop() -> None:
                await asyncio.gather(*(engine.stop(1) for engine in made.engines))

            stopping.push_async_callback(stop)
            return made

        yield make


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - rows change elsewhere
            await asyncio.sleep(0.01)


async def test_processes_share_the_work_and_keep_the_order(shared: Database, several: Callable[..., Several]) -> None:
    done: list[tuple[str, str]] = []
    running: set[str] = set()

    def handler(name: str) -> Handler:
        async def handle(work_id: str) -> None:
            lane = work_id.partition("/")[0]
            assert lane not in running
            running.add(lane)
            await asyncio.sleep(0.02)
            running.discard(lane)
            done.append((name, work_id))

        return handle

    some = several()
    for name in ("one", "two", "three"):
        await some.add(name, handler(name), room=2)
    await asyncio.to_thread(put, shared, *(f"lane{lane}/{number}" for number in range(4) for lane in range(9)))
    await asyncio.wait_for(some.engines[0].settle(), 20)
    assert len({name for name, _ in done}) > 1, "who hears of it late may find nothing left, but no one has it all"
    for lane in range(9):
        assert [one for _, one in done if one.startswith(f"lane{lane}/")] == [f"lane{lane}/{n}" for n in range(4)]


async def test_what_stands_still_is_done_by_another_and_its_own_end_changes_nothing(
    shared: Database, several: Callable[..., Several]
) -> None:
    calls: list[tuple[str, str]] = []
    go_on = {"paused": asyncio.Event(), "other": asyncio.Event()}

    def handler(name: str) -> Handler:
        async def handle(work_id: str) -> None:
            calls.append((name, work_id))
            await go_on[name].wait()

        return handle

    some = several()
    paused = await some.add("paused", handler("paused"), room=1)
    await asyncio.to_thread(put, shared, "anna/1", "anna/2")
    await until(lambda: calls == [("paused", "anna/1")])
    other = await some.add("other", handler("other"), room=1)
    assert await other.take_over(frozenset({"other"})) == 1
    assert await other.take_over(frozenset({"other"})) == 0
    await until(lambda: calls[1:] == [("other", "anna/1")])
    go_on["paused"].set()
    await until(lambda: not paused._held)
    await asyncio.sleep(0.1)
    assert len(calls) == 2  # Anna's second does not begin while her first still runs
    go_on["other"].set()
    await asyncio.wait_for(other.settle(), 20)
    assert [work_id for _, work_id in calls] == ["anna/1", "anna/1", "anna/2"]


async def test_what_one_process_hands_in_another_hears_of_over_the_database(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loket.engine.dbos_postgres.LOOK_SECONDS", 3_600)
    done: list[str] = []

    async def handle(work_id: str) -> None:
        done.append(work_id)

    buses = [PostgresBus(shared.url, {}) for _ in range(2)]
    web = PostgresEngine(shared, "web", at_once={}, tell=partial(buses[0].tell, WORK))
    agent = PostgresEngine(shared, "agent", at_once={Queue.TURNS: 1}, tell=partial(buses[1].tell, WORK))
    listening = asyncio.Event()

    async def hello(_: str) -> None:
        listening.set()

    buses[1].hear(WORK, agent.heard)
    buses[1].hear("hello", hello)
    for bus in buses:
        await bus.start()
    async with asyncio.timeout(15):
        while not listening.is_set():  # news before that is lost, as news may be
            buses[0].tell("hello")
            await asyncio.sleep(0.02)
    await agent.start({Queue.TURNS: handle})
    await web.start({})
    try:
        for event in ("anna/1", "anna/2", "bram/1"):
            await shared.run(partial(web.enlist, queue=Queue.TURNS, work_id=event, partition=event.partition("/")[0]))
        web.submit(Queue.TURNS, "carla/1", "carla")
        await until(lambda: len(done) == 4)
    finally:
        await asyncio.gather(web.stop(), agent.stop())
        await asyncio.gather(*(bus.stop() for bus in buses))
    assert sorted(done) == ["anna/1", "anna/2", "bram/1", "carla/1"]


@pytest.mark.timed
async def test_who_hears_nothing_looks_once_a_second(shared: Database, several: Callable[..., Several]) -> None:
    done: list[str] = []

    async def handle(work_id: str) -> None:
        done.append(work_id)

    some = several(news=False)
    await some.add("one", handle)
    await asyncio.sleep(0.2)
    await asyncio.to_thread(put, shared, "anna/1")
    await until(lambda: done == ["anna/1"])


async def test_a_database_that_fails_for_a_moment_loses_no_work(
    shared: Database, several: Callable[..., Several], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    failures = iter([True, True])

    async def handle(work_id: str) -> None:
        done.append(work_id)

    honest = work.end

    def failing(*given: object) -> None:
        honest(*given)  # type: ignore[arg-type]
        if given[2] and next(failures, False):
            raise sa.exc.OperationalError("DELETE", {}, OSError("gone"))

    monkeypatch.setattr("loket.engine.dbos_postgres.LOOK_SECONDS", 0.05)
    monkeypatch.setattr(work, "end", failing)
    some = several()
    engine = await some.add("one", handle)
    await asyncio.to_thread(put, shared, "anna/1", "anna/2")
    engine._hear(Queue.TURNS)
    await asyncio.wait_for(engine.settle(), 20)
    assert done == ["anna/1", "anna/2"]
