"""One run under faults: what is tried, how it ended, and the phases in between."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.faults import traces
from tests.faults.arrangement import Arrangement
from tests.faults.forking import Forker
from tests.faults.people import DAY, TICKET, WAITING, Person, Wish
from tests.faults.play import STOP_SECONDS, Play, audited, playing
from tests.faults.service_child import Fault
from tests.faults.templates import Templates

READY_SECONDS = 10.0
RESUMED_SECONDS = 60.0
FAULT_SECONDS = 20.0
"""How long a run waits for its fault when everybody has gone: a second one comes when the first one's lease ends."""


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

    def asks_for(self, phase: str) -> bool:
        """Whether a late phase is played: the one of its faults, or all of them when there are none."""
        return self.phase == phase or (not self.faults and self.phase != "none")


@dataclass
class Result:
    """How it ended: `problems` in words, and the seconds until the desk was ready and all was done again.

    `late` says what took too long, on this machine as busy as it was.
    """

    case: Case
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
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
    async with playing(arrangement, case.patience) as play:
        await _phases(case, play, result)
    result.points = frozenset(arrangement.points())
    result.problems += audited(play)
    return result


async def _phases(case: Case, play: Play, result: Result) -> None:
    """One after the other; the faults are armed at the beginning of theirs."""
    _arm(case, "start", play)
    await play.all_open()
    _arm(case, "day", play)
    await play.live(case.wishes, 1)
    if play.arrangement.shared.joinpath("armed").exists():
        await play.channel.until(lambda: play.arrangement.faults_are_over, FAULT_SECONDS)
    await play.quiet()
    if case.asks_for("time"):
        await play.live(WAITING, 50)
        _arm(case, "time", play)
        await _let_time_pass(play)
        await play.quiet()
    if case.asks_for("stop"):
        await _restart(case, play)
        await play.quiet()
    _judge(case, play.arrangement, result)


def _arm(case: Case, phase: str, play: Play) -> None:
    if case.phase == phase:
        play.arrangement.arm()


async def _let_time_pass(play: Play) -> None:
    """Move the clock to the next moment at which somebody has to look, again and again, until nobody waits."""
    for _ in range(10):
        waiting = _waiting(await play.read())
        if not waiting:
            return
        due = min(waiting.values())
        play.arrangement.set_clock((due - datetime.now(UTC)).total_seconds() + 1)
        await play.until(partial(_looked_at, play.arrangement, waiting, due), RESUMED_SECONDS)


def _waiting(left: traces.Traces) -> dict[str, datetime]:
    return {row["action_id"]: row["due_at"] for row in left["actions"] if row["state"].startswith("awaiting")}


def _looked_at(arrangement: Arrangement, before: dict[str, datetime], due: datetime) -> bool:
    """Whether none of what was due then is due at the same moment still."""
    now = _waiting(traces.read(arrangement.database, arrangement.folder / "world"))
    return all(now.get(action_id) != at for action_id, at in before.items() if at == due)


async def _restart(case: Case, play: Play) -> None:
    """A ticket comes in the moment all are told to stop; the next processes carry it on."""
    wish = Wish("E1038", TICKET.format(room="R4.12"), "confirm")
    person = Person(wish, play.channel, 90, case.patience)
    await play.channel.event(person.event_id, wish.user, wish.text)
    _arm(case, "stop", play)
    arrangement = play.arrangement
    arrangement.signal(signal.SIGTERM)
    if not await play.until(lambda: all(not worker.lives for worker in arrangement.workers), STOP_SECONDS):
        play.problems.append("the processes did not stop within 30 s")
    for worker in arrangement.workers:
        if worker.code is not None:
            arrangement.start(worker)
    await play.all_open()
    await person.live()
    play.problems += [person.stuck] if person.stuck else []


def _judge(case: Case, arrangement: Arrangement, result: Result) -> None:
    """Was it reached at all, and was all over in time?"""
    fired = [at for number in range(len(case.faults)) if (at := arrangement.fired(number)) is not None]
    result.reached = len(fired) == len(case.faults)
    result.ready = max(arrangement.ready, default=0.0)
    result.resumed = time.time() - max(fired) if fired else 0.0
    if result.ready > READY_SECONDS:
        result.late.append(f"ready only after {result.ready:.1f} s")
    if result.resumed > RESUMED_SECONDS:
        result.late.append(f"resumed only after {result.resumed:.1f} s")
