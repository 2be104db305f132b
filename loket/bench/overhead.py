"""What a turn costs beside what people would build without us: three contestants, round by round, in one run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loket.bench import Row
from loket.bench.contestants import Surroundings
from loket.bench.cpu import cpu_seconds
from loket.bench.servers.llm import running_llm
from loket.bench.servers.postgres import DURABLE, fresh_database, running_postgres

CONTESTANTS: Mapping[str, str] = {
    "plain": "LangChain agent, LangGraph saver",
    "dbos": "the same in a DBOS workflow",
    "loket": "Loket: stored, queued, audited, delivered",
}
AT_ONCE = 8
STOP_SECONDS = 40
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


class Process:
    """One contestant in its process. Raises `RuntimeError` when it says something else than figures."""

    def __init__(self, name: str, around: Surroundings, server_pid: int, profile: bool) -> None:
        flags = ",".join(flag for flag, on in (("mask", around.masks), ("profile", profile)) if on)
        given = [name, around.llm_url, str(around.folder), around.postgres, str(around.number), flags]
        self.name = name
        self.server_pid = server_pid
        self._log = (around.folder / "output.txt").open("w+")
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "loket.bench.contestants.process", *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.hear()

    def order(self, turns: int) -> None:
        """Begin a round."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(f"{turns} {AT_ONCE}\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the end of a round, and what it cost."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"{self.name} stopped: {self._log.read()[-600:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


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
                before = cpu_seconds(process.server_pid) if process.server_pid else 0.0
                process.order(turns)
                result = process.hear()
                result["server"] = (cpu_seconds(process.server_pid) if process.server_pid else 0.0) - before
                results[process.name] += [result] if number else []
                heard()
        return [_measured(database, name, results[name], turns) for name in CONTESTANTS]


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
    around.folder.mkdir(parents=True)
    with ExitStack() as running:
        server_pid = 0
        if database == "postgres":
            # A server for each: its CPU is then the contestant's alone.
            cluster = running.enter_context(running_postgres(DURABLE))
            server_pid = cluster.pid
            around = Surroundings(around.llm_url, around.folder, fresh_database(cluster.url))
        process = Process(name, around, server_pid, profile)
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
