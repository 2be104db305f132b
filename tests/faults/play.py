"""A desk under faults at work: its processes, the channel before its door, who comes; audited at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults import auditor, traces
from tests.faults.arrangement import Arrangement
from tests.faults.channel import Channel, open_http
from tests.faults.people import Person, Wish

START_SECONDS = 60.0
STOP_SECONDS = 30.0
QUIET_LOOKS = 5
"""So often in a row nothing may be left, a quarter of a second apart: a doubt that is being looked at is not over."""


@dataclass
class Play:
    """A run under way. `problems` are what went wrong so far, in words; `patience` is in seconds.

    `left` is for what a test wants to look at when the databases are gone.
    """

    arrangement: Arrangement
    channel: Channel
    patience: float = 60.0
    problems: list[str] = field(default_factory=list)
    left: traces.Traces | None = None

    async def all_open(self) -> None:
        """Wait until every process that was started takes work."""
        started = [worker for worker in self.arrangement.workers if worker.pid]
        if not await self.channel.until(lambda: all(worker.address for worker in started), START_SECONDS):
            self.problems.append("not all processes opened: " + "; ".join(self.arrangement.unexpected))

    async def live(self, wishes: Sequence[Wish], first: int) -> list[Person]:
        """Let people come, all at once."""
        people = [Person(wish, self.channel, first + number, self.patience) for number, wish in enumerate(wishes)]
        await asyncio.gather(*(person.live() for person in people))
        self.problems += [person.stuck for person in people if person.stuck]
        return people

    async def quiet(self) -> None:
        """Wait until nothing is left to do, and nothing comes up any more."""
        end = time.monotonic() + self.patience + 15
        left, looks = ["everything"], 0
        while looks < QUIET_LOOKS and time.monotonic() < end:
            left = await asyncio.to_thread(traces.unfinished, self.arrangement.database)
            looks = 0 if left else looks + 1
            await asyncio.sleep(0.25)
        if left:
            self.problems.append(f"still to be done: {', '.join(left)}")

    async def read(self) -> traces.Traces:
        """What has been left so far."""
        return await asyncio.to_thread(traces.read, self.arrangement.database, self.arrangement.folder / "world")

    async def until(self, found: Callable[[], Any], seconds: float) -> bool:
        """Wait for something that is looked up in a thread; whether it came."""
        end = time.monotonic() + seconds
        while not await asyncio.to_thread(found):
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.1)
        return True


@asynccontextmanager
async def playing(arrangement: Arrangement, patience: float = 60.0) -> AsyncIterator[Play]:
    """The processes are started when this begins, told to stop when it ends, and audited then."""
    async with open_http() as http:
        channel = Channel(arrangement, http)
        play = Play(arrangement, channel, patience)
        arrangement.open()
        background = [asyncio.create_task(work) for work in (channel.supervise(), channel.read())]
        try:
            yield play
        finally:
            channel.over = True
            await asyncio.gather(*background)
    if not await asyncio.to_thread(arrangement.stop, STOP_SECONDS):
        play.problems.append(f"a process did not stop within {STOP_SECONDS:.0f} s")
    play.problems += arrangement.unexpected


def audited(play: Play) -> list[str]:
    """Everything that is wrong with a run that is over."""
    arrangement, channel = play.arrangement, play.channel
    left = traces.read(arrangement.database, arrangement.folder / "world")
    homes = [worker.home for worker in arrangement.workers]
    return [
        *play.problems,
        *auditor.problems(left, channel.acknowledged, channel.delivered),
        *auditor.chain_problems(arrangement.database, homes),
    ]
