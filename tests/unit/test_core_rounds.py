"""Rounds: they begin, go on whatever one of them raises, can be hurried, and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.rounds import Rounds

LONG = 3600.0


class Work:
    """Counts its rounds; `said` are what each round returns or raises, then nothing."""

    def __init__(self, *said: object) -> None:
        self.rounds = 0
        self.failures: list[Exception] = []
        self._said = list(said)
        self._news = asyncio.Event()

    async def once(self) -> object:
        self.rounds += 1
        self._news.set()
        said = self._said.pop(0) if self._said else None
        if isinstance(said, Exception):
            raise said
        return said

    async def at_least(self, rounds: int) -> None:
        async with asyncio.timeout(10):
            while self.rounds < rounds:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def run() -> Callable[..., Rounds]:
    def make(work: Work, seconds: float = LONG, **changes: Any) -> Rounds:
        rounds = Rounds(work.once, seconds, work.failures.append, **changes)
        rounds.start()
        return rounds

    return make


async def test_the_first_round_is_at_once_and_the_next_after_the_pause(run: Callable[..., Rounds]) -> None:
    work = Work()
    rounds = run(work, 0.01)
    await work.at_least(3)
    await rounds.stop()
    assert not rounds.are_running


async def test_a_round_that_fails_is_not_the_last_one(run: Callable[..., Rounds]) -> None:
    work = Work(ValueError("first"), KeyError("second"))
    rounds = run(work, 0.01)
    await work.at_least(3)
    await rounds.stop()
    assert [type(failure) for failure in work.failures] == [ValueError, KeyError]


async def test_as_long_as_there_is_more_to_do_there_is_no_pause(run: Callable[..., Rounds]) -> None:
    eager, calm = Work(2, 1, 0, 1), Work(2, 1, 0, 1)
    both = [run(eager, eager=True), run(calm)]
    await eager.at_least(3)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (eager.rounds, calm.rounds) == (3, 1)
    for rounds in both:
        await rounds.stop()


async def test_a_failure_is_followed_by_a_pause_also_where_there_is_more(run: Callable[..., Rounds]) -> None:
    work = Work(1, ValueError(), 1)
    rounds = run(work, eager=True)
    await work.at_least(2)
    for _ in range(20):
        await asyncio.sleep(0)
    await rounds.stop()
    assert work.rounds == 2


async def test_a_hurried_round_comes_before_its_time_and_counts_once(run: Callable[..., Rounds]) -> None:
    work = Work()
    rounds = run(work)
    await work.at_least(1)
    rounds.soon()
    rounds.soon()
    await work.at_least(2)
    for _ in range(20):
        await asyncio.sleep(0)
    await rounds.stop()
    assert work.rounds == 2


async def test_however_it_is_hurried_some_time_lies_between_two_rounds(run: Callable[..., Rounds]) -> None:
    work = Work()
    rounds = run(work, soonest=LONG)
    await work.at_least(1)
    for _ in range(20):
        rounds.soon()
        await asyncio.sleep(0)
    await rounds.stop()
    assert work.rounds == 1


async def test_before_its_first_round_it_can_be_stopped_and_never_begins(run: Callable[..., Rounds]) -> None:
    work = Work()
    rounds = run(work, first=LONG)
    await asyncio.sleep(0)
    await rounds.stop()
    assert work.rounds == 0


async def test_a_stop_lets_the_round_under_way_finish_and_giving_up_does_not(run: Callable[..., Rounds]) -> None:
    class Slow(Work):
        finished, may = False, asyncio.Event()

        async def once(self) -> object:
            await super().once()
            await self.may.wait()
            self.finished = True
            return None

    stopped, given_up = Slow(), Slow()
    first, second = run(stopped), run(given_up)
    await asyncio.gather(stopped.at_least(1), given_up.at_least(1))
    await second.give_up()
    stopping = asyncio.ensure_future(first.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    stopped.may.set()
    await stopping
    assert (stopped.finished, given_up.finished) == (True, False)


async def test_what_was_stopped_can_begin_again(run: Callable[..., Rounds]) -> None:
    work = Work()
    rounds = run(work)
    await work.at_least(1)
    await rounds.stop()
    await rounds.stop()
    rounds.start()
    await work.at_least(2)
    await rounds.give_up()
    await rounds.give_up()
