"""What a turn costs beside what people would build without us: three contestants, round by round, in one run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loket.bench import Row
from loket.bench.contestants import Surroundings
from loket.bench.contestants.started import Process
from loket.bench.servers.databases import fresh_database
from loket.bench.servers.llm import running_llm
from loket.bench.servers.postgres import DURABLE, running_postgres

CONTESTANTS: Mapping[str, str] = {
    "plain": "LangChain agent, LangGraph saver",
    "dbos": "the same in a DBOS workflow",
    "loket": "Loket: stored, queued, audited, delivered",
}
Spent = dict[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The rounds of one contestant on one database. CPU in milliseconds a turn, `rates` in turns a second."""

    database: str
    name: str
    cpu: tuple[float, ...]
    server_cpu: tuple[float, ...]
    rates: tuple[float, ...]
    spent: Spent = field(default_factory=dict)

    @property
    def typical(self) -> float:
        """The median of the process's own CPU."""
        return statistics.median(self.cpu)


def measure(
    database: str, folder: Path, turns: int, rounds: int, *, profile: bool, heard: Callable[[], None]
) -> list[Measured]:
    """All contestants on `sqlite` or `postgres`, one round of each after the other; a first round is not counted."""
    with ExitStack() as running:
        llm_url = running.enter_context(running_llm(0))
        started = [
            running.enter_context(_started(name, Surroundings(llm_url, folder / database / name), database, profile))
            for name in CONTESTANTS
        ]
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTESTANTS}
        for number in range(rounds + 1):
            # Each is first once in a while: whoever comes first finds the machine colder.
            for process in (*started[number % 3 :], *started[: number % 3]):
                result = process.round(turns)
                results[process.name] += [result] if number else []
                heard()
        return [_measured(database, name, results[name], turns) for name in CONTESTANTS]


def measure_together(folder: Path, turns: int, processes: int, heard: Callable[[], None]) -> list[Row]:
    """Turns a second of so many processes of each contestant on one Postgres, all at once."""
    rows = []
    for name, called in CONTESTANTS.items():
        with ExitStack() as running:
            llm_url = running.enter_context(running_llm(0))
            url = fresh_database(running.enter_context(running_postgres(DURABLE)).url)
            together = []
            for number in range(1, processes + 1):
                place = folder / "together" / f"{name}-{number}"
                together.append(Process(name, Surroundings(llm_url, place, url, number, alone=False)))
                running.callback(together[-1].stop)
            for part in (turns // 5 + 1, turns):  # a first round warms up
                for process in together:
                    process.order(part)
                slowest = max(process.hear()["seconds"] for process in together)
                heard()
            rate = f"{processes * turns / slowest:.0f} turns a second"
            rows.append(Row(f"postgres, {processes} processes: {called}", rate))
    return rows


def rows_of(measured: Sequence[Measured]) -> list[Row]:
    """A line for each contestant, and how the counter compares."""
    rows = []
    for one in measured:
        beside = {other.name: other.typical for other in measured if other.database == one.database}
        held = ""
        if one.name == "loket":
            held = f"{one.typical / beside['plain']:.2f} times the first (at most 1.5), below {beside['dbos']:.1f}"
        rows.append(Row(f"{one.database}: {CONTESTANTS[one.name]}", _figures(one), held))
    return rows


@contextmanager
def _started(name: str, around: Surroundings, database: str, profile: bool) -> Iterator[Process]:
    with ExitStack() as running:
        server_pid = 0
        if database == "postgres":
            # A server for each: its CPU is then the contestant's alone.
            cluster = running.enter_context(running_postgres(DURABLE))
            server_pid = cluster.pid
            around = Surroundings(around.llm_url, around.folder, fresh_database(cluster.url))
        process = Process(name, around, server_pid, profile=profile)
        running.callback(process.stop)
        yield process


def _measured(database: str, name: str, results: Sequence[Mapping[str, Any]], turns: int) -> Measured:
    spent: Spent = {}
    for result in results:
        for place, (seconds, calls) in result.get("profile", {}).items():
            before = spent.get(place, (0.0, 0))
            spent[place] = (before[0] + seconds, before[1] + calls)
    return Measured(
        database,
        name,
        tuple(result["cpu"] / turns * 1000 for result in results),
        tuple(result["server"] / turns * 1000 for result in results),
        tuple(turns / result["seconds"] for result in results),
        spent,
    )


def _figures(one: Measured) -> str:
    server = f" + {statistics.median(one.server_cpu):.1f} of Postgres" if one.database == "postgres" else ""
    spread = f"({min(one.cpu):.1f}–{max(one.cpu):.1f})"
    return f"{one.typical:.1f} CPU-ms a turn {spread}{server}; {statistics.median(one.rates):.0f} turns a second"
