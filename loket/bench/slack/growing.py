"""Many answers that grow at once, and events that come in meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from loket.bench import MeasurementFailed
from loket.bench.cpu import cpu_seconds
from loket.bench.load.accounts import quiet
from loket.bench.load.people import add_staff
from loket.bench.load.plans import steady
from loket.bench.load.running import Progress, open_service
from loket.bench.load.service import Place
from loket.bench.servers.llm import LONG_QUESTION, QUESTION
from loket.bench.slack.accounts import Accounts, settle_accounts
from loket.bench.slack.asking import Asked, ask_all, first_signs, last_posts
from loket.bench.slack.organisation import connect, found, move_in, workspaces_for
from loket.service.garbage_collection import spare_what_is_loaded
from simulators.slack import SlackSimulator
from simulators.slack.person import SimPerson
from storage import Database

WARM_UP = 40
OPENING_SECONDS = 15.0
OPEN_SECONDS = 40.0
"""So long it may take until all answers grow."""
STREAM_AFTER = 0.2
BACKLOG_SECONDS = 900.0
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Load:
    """Events a second, for how many seconds, while how many answers grow. `echo`: Slack tells the app what it wrote."""

    rate: float
    seconds: float
    streams: int
    echo: bool = False


@dataclass
class Window:
    """The time in which events came. `cpu`: seconds of each process in it. `calls`: of the app, by method."""

    seconds: float = 0.0
    growing: list[int] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grown:
    """What one run gave."""

    asked: Asked
    signs: list[float]
    answers: list[float]
    window: Window
    accounts: Accounts
    workspaces: int
    backlog: float | None


async def measure_growing(place: Place, load: Load, progress: Progress) -> Grown:
    """The service comes up, the answers begin to grow, the events come, and all is counted when it is quiet."""
    arrivals = steady(("",), load.rate, load.seconds)
    async with SlackSimulator.start(echo=load.echo) as slack:
        teams = found(slack, workspaces_for(load.streams))
        staff = add_staff(place.world(), load.streams + WARM_UP + len(arrivals))
        people = move_in(slack, place, teams, staff)
        connect(place, slack, teams, STREAM_AFTER)
        async with open_service(place) as (_, database):
            slack.deliver_to(f"{place.address}/slack/events")
            patient, early, others = _parted(people, load.streams)
            await _warm_up(slack, database, early, progress)
            long = Asked()
            await _grow(slack, patient, long, progress)
            spare_what_is_loaded()  # the driver's own pauses would count as the service's
            asked, window = Asked(), Window()
            watching = asyncio.create_task(_watch(slack, patient, window))
            before, calls = _cpu(place), len(slack.calls)
            began = time.perf_counter()
            await ask_all(others, arrivals, QUESTION, asked, lambda sent: progress("driving", sent, len(arrivals)))
            window.seconds = time.perf_counter() - began
            window.cpu = {name: spent - before[name] for name, spent in _cpu(place).items()}
            for call in slack.calls[calls:]:
                window.calls[call.method] = window.calls.get(call.method, 0) + 1
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            progress("until nothing waits", 0, 1)
            backlog = await quiet(database, BACKLOG_SECONDS)
            await asyncio.sleep(2)  # what is told beside the answers
            questions = [*asked.questions, *long.questions]
            accounts = await asyncio.to_thread(settle_accounts, database, slack, questions)
            signs, answers = first_signs(slack, asked.questions), last_posts(slack, asked.questions)
            return Grown(asked, signs, answers, window, accounts, len(teams), backlog)


def _parted(people: Sequence[SimPerson], streams: int) -> tuple[Sequence[SimPerson], ...]:
    """Those whose answers grow, those who warm the processes up, and those who come meanwhile: each comes once."""
    return people[:streams], people[streams : streams + WARM_UP], people[streams + WARM_UP :]


async def _warm_up(slack: SlackSimulator, database: Database, people: Sequence[SimPerson], progress: Progress) -> None:
    arrivals = steady(("",), 20, 60)[: len(people)]
    await ask_all(people, arrivals, QUESTION, Asked(), lambda sent: progress("warming up", sent, len(people)))
    if await quiet(database, BACKLOG_SECONDS) is None or slack.unacknowledged:
        raise MeasurementFailed("the service did not answer the first questions")


async def _grow(slack: SlackSimulator, people: Sequence[SimPerson], asked: Asked, progress: Progress) -> None:
    """Ask at length, and wait until the answers grow. Raises `MeasurementFailed` when hardly any does."""
    if not people:
        return
    arrivals = steady(("",), len(people) / OPENING_SECONDS, OPENING_SECONDS * 4)[: len(people)]
    await ask_all(people, arrivals, LONG_QUESTION, asked, lambda sent: None)
    until = time.monotonic() + OPEN_SECONDS
    while (now := _growing(slack, people)) < len(people) and time.monotonic() < until:
        progress("answers that grow", now, len(people))
        await asyncio.sleep(LOOK_SECONDS)
    if now < len(people) / 2:
        raise MeasurementFailed(f"only {now} of {len(people)} answers began to grow")


async def _watch(slack: SlackSimulator, people: Sequence[SimPerson], window: Window) -> None:
    while True:
        window.growing.append(_growing(slack, people))
        await asyncio.sleep(LOOK_SECONDS)


def _growing(slack: SlackSimulator, people: Sequence[SimPerson]) -> int:
    rooms = (slack.world.rooms.get(person.account.im) for person in people)
    return sum(any(post.streaming for post in room.messages.values()) for room in rooms if room is not None)


def _cpu(place: Place) -> dict[str, float]:
    """Seconds used so far by each process of the service, by Postgres, and by ourselves with the simulated Slack."""
    spent = {name: cpu_seconds(pid) for name, pid in place.pids.items()}
    if place.server_pid:
        spent["Postgres"] = cpu_seconds(place.server_pid)
    return {**spent, "driver with Slack": time.process_time()}


def spread(window: Window) -> tuple[float, float]:
    """The fewest answers that grew at one moment, and how many did on average."""
    growing = window.growing or [0]
    return min(growing), statistics.fmean(growing)
