"""One run under faults: open an arrangement, let people come, let a process die or stand still, and have it audited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults import auditor, traces
from tests.faults.arrangement import Arrangement, Templates
from tests.faults.channel import Channel, open_http
from tests.faults.forking import Forker
from tests.faults.people import DAY, TICKET, WAITING, Person, Wish
from tests.faults.service_child import Fault

READY_SECONDS = 10.0
RESUMED_SECONDS = 60.0
START_SECONDS = 60.0


@dataclass(frozen=True)
class Case:
    """What is tried. The faults are armed in `phase`: `start`, `day`, `time` (passes) or `stop`.

    A case without a fault goes through all phases; with `none` it ends with the day. `patience` in seconds.
    """

    arrangement: str
    faults: tuple[Fault, ...] = ()
    phase: str = "day"
    patches: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = DAY
    settings: tuple[tuple[str, str], ...] = ()
    patience: float = 60.0

    @property
    def name(self) -> str:
        """As it stands in a table."""
        faults = " then ".join(f"{fault.way} at {fault.point}" for fault in self.faults)
        return f"{self.arrangement}: {faults or 'no fault'}"


@dataclass
class Result:
    """How it ended: `problems` in words, and the seconds until the desk was ready and all was done again."""

    case: Case
    problems: list[str] = field(default_factory=list)
    reached: bool = True
    ready: float = 0.0
    resumed: float = 0.0
    points: frozenset[str] = frozenset()
    seconds: float = 0.0


@dataclass
class Room:
    """Where cases are run: a forking parent, templates, a folder."""

    forker: Forker
    folder: Path
    templates: Templates
    number: int = 0

    def arrange(self, case: Case) -> Arrangement:
        """The processes of a case, not started yet."""
        self.number += 1
        folder = self.folder / f"case-{self.number}"
        return Arrangement(
            case.arrangement,
            folder,
            self.templates,
            self.forker,
            case.faults,
            case.patches,
            dict(case.settings),
        )

    def run(self, case: Case) -> Result:
        """The whole of it; nothing is left afterwards."""
        began = time.monotonic()
        arrangement = self.arrange(case)
        try:
            result = asyncio.run(_run(case, arrangement))
        finally:
            arrangement.close()
        result.seconds = time.monotonic() - began
        return result


async def _run(case: Case, arrangement: Arrangement) -> Result:
    result = Result(case)
    async with open_http() as http:
        channel = Channel(arrangement, http)
        arrangement.open()
        background = [asyncio.create_task(work) for work in (channel.supervise(), channel.read())]
        try:
            await _play(Play(case, arrangement, channel, result))
        finally:
            channel.over = True
            await asyncio.gather(*background)
    ended = await asyncio.to_thread(arrangement.stop)
    if not ended:
        result.problems.append("a process did not stop within 30 s")
    result.problems += arrangement.unexpected
    result.points = frozenset(arrangement.points())
    left = traces.read(arrangement.database, arrangement.folder / "world")
    result.problems += auditor.problems(left, channel.acknowledged, channel.delivered)
    homes = [worker.home for worker in arrangement.workers]
    result.problems += auditor.chain_problems(arrangement.database, homes)
    return result


@dataclass
class Play:
    """A run under way."""

    case: Case
    arrangement: Arrangement
    channel: Channel
    result: Result

    def arm(self, phase: str) -> None:
        """Let the faults happen from this phase on."""
        if phase == self.case.phase:
            self.arrangement.arm()

    def asks_for(self, phase: str) -> bool:
        """Whether this phase is played: a later one than its own would only cost time."""
        return self.case.phase == phase or (not self.case.faults and self.case.phase != "none")

    async def live(self, wishes: Sequence[Wish], first: int) -> None:
        """Let people come, all at once."""
        patience = self.case.patience
        people = [Person(wish, self.channel, first + number, patience) for number, wish in enumerate(wishes)]
        await asyncio.gather(*(person.live() for person in people))
        self.result.problems += [person.stuck for person in people if person.stuck]


async def _play(play: Play) -> None:
    play.arm("start")
    await _all_open(play)
    play.arm("day")
    await play.live(play.case.wishes, 1)
    await _quiet(play)
    if play.asks_for("time"):
        await play.live(WAITING, 50)
        play.arm("time")
        await _let_time_pass(play)
        await _quiet(play)
    if play.asks_for("stop"):
        await _restart(play)
        await _quiet(play)
    _judge(play)


async def _all_open(play: Play) -> None:
    workers = play.arrangement.workers
    if not await play.channel.until(lambda: all(worker.address for worker in workers), START_SECONDS):
        play.result.problems.append("not all processes opened: " + "; ".join(play.arrangement.unexpected))


async def _quiet(play: Play) -> None:
    """Wait until nothing is left to do, and note how long after the last fault that was."""
    end = time.monotonic() + play.case.patience + 15
    left = ["everything"]
    while left and time.monotonic() < end:
        left = await asyncio.to_thread(traces.unfinished, play.arrangement.database)
        await asyncio.sleep(0.1)
    if left:
        play.result.problems.append(f"still to be done: {', '.join(left)}")
    fired = [at for number in range(len(play.case.faults)) if (at := play.arrangement.fired(number)) is not None]
    if fired and not play.result.resumed:
        play.result.resumed = time.time() - max(fired)


async def _let_time_pass(play: Play) -> None:
    """Move the clock to the next moment at which somebody has to look, again and again, until nobody waits."""
    arrangement = play.arrangement
    for _ in range(10):
        rows = await asyncio.to_thread(
            lambda: traces.read(arrangement.database, arrangement.folder / "world")["actions"]
        )
        waiting = {row["action_id"]: row["due_at"] for row in rows if row["state"].startswith("awaiting")}
        if not waiting:
            return
        due = min(waiting.values())
        offset = (due - datetime.now(UTC)).total_seconds() + 1
        draft = arrangement.shared / "clock.new"
        draft.write_text(str(offset))
        draft.replace(arrangement.shared / "clock")
        await _until_looked_at(play, waiting, due)


async def _until_looked_at(play: Play, waiting: dict[str, datetime], due: datetime) -> None:
    arrangement = play.arrangement

    def looked() -> bool:
        rows = traces.read(arrangement.database, arrangement.folder / "world")["actions"]
        now = {row["action_id"]: row["due_at"] for row in rows if row["state"].startswith("awaiting")}
        return all(now.get(action_id) != at for action_id, at in waiting.items() if at == due)

    await _until(looked, RESUMED_SECONDS)


async def _restart(play: Play) -> None:
    """A ticket comes in the moment all are told to stop; the next processes carry it on."""
    wish = Wish("E1038", TICKET.format(room="R4.12"), "confirm")
    person = Person(wish, play.channel, 90, play.case.patience)
    await play.channel.event(person.event_id, wish.user, wish.text)
    play.arm("stop")
    arrangement = play.arrangement
    arrangement.signal(15)
    stopped = await _until(
        lambda: all(worker.code is not None or not worker.address for worker in arrangement.workers), 30
    )
    if not stopped:
        play.result.problems.append("the processes did not stop within 30 s")
    for worker in arrangement.workers:
        if worker.code is not None:
            arrangement.start(worker)
    await _all_open(play)
    await person.live()
    if person.stuck:
        play.result.problems.append(person.stuck)


async def _until(found: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(found):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True


def _judge(play: Play) -> None:
    """Was it reached at all, and was it over in time?"""
    result, arrangement = play.result, play.arrangement
    result.reached = arrangement.all_fired
    result.ready = max(arrangement.ready, default=0.0)
    if result.ready > READY_SECONDS:
        result.problems.append(f"ready only after {result.ready:.1f} s")
    if result.resumed > RESUMED_SECONDS:
        result.problems.append(f"resumed only after {result.resumed:.1f} s")
