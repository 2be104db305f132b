"""The figures of a run under load, each beside what it was held against: as a table, and as one line of JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from loket.bench import Row, percentile
from loket.bench.load.running import Run
from loket.bench.load.waiting import Waited
from loket.bench.load.watching import Sample, growth

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `most` is its target: it may not be more. Without one it is only told."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the target was missed."""
        return self.most is not None and self.value > self.most

    @property
    def row(self) -> Row:
        """As the table shows it."""
        target = "" if self.most is None else f"at most {self.most:g} {self.unit}{' MISSED' if self.missed else ''}"
        return Row(self.what, f"{self.value:,.{_digits(self.value)}f} {self.unit}".strip(), target)


@dataclass(frozen=True, slots=True)
class Targets:
    """What a plan is held against: milliseconds, seconds and megabytes; None is not held."""

    acknowledged_p99: float | None = None
    sign_p95: float | None = None
    backlog: float | None = None
    memory: float | None = None
    growth: float | None = None


def figures_of(run: Run, targets: Targets) -> list[Figure]:
    """What people felt, what was lost, what it held."""
    heard, accounts = run.heard, run.accounts
    figures = [Figure("deliveries", run.deliveries), Figure("events acknowledged", accounts.accepted)]
    figures += _times("acknowledged", heard.acknowledged, "p99", targets.acknowledged_p99)
    figures += _times("first sign, by who took it in", tuple(heard.signs.values()), "p95", targets.sign_p95)
    figures += _times("agent begins to think", tuple(heard.begun.values()), "", None)
    figures += _times("first sentence of the answer", tuple(heard.words.values()), "", None)
    figures += _times("answered", tuple(heard.answered.values()), "", None)
    backlog = float("inf") if run.backlog is None else run.backlog
    figures += [
        Figure("backlog gone after the last arrival", backlog, "s", targets.backlog),
        Figure("told that it is busy", heard.busy),
        Figure("driver behind its plan, at most", heard.late * 1000, "ms"),
        Figure("deliveries refused", sum(heard.refused.values()), "", 0),
        Figure("lost", accounts.lost, "", 0),
        Figure("replies posted twice", accounts.doubled, "", 0),
        Figure("not delivered", accounts.undelivered, "", 0),
        Figure("audit rows wrong", len(accounts.audit_problems), "", 0),
        Figure("audit rows", accounts.audit_rows),
        Figure("turns not answered by the model", _otherwise(run), "", 0),
    ]
    return [*figures, *_held(run.watch.warm, targets)]


def figures_of_waiting(waited: Waited, count: int) -> list[Figure]:
    """At rest without and with the waiting actions, and the clicks."""
    more = (waited.with_them.memory - waited.without.memory) / MEGABYTE
    points = (waited.with_them.cpu - waited.without.cpu) * 100
    milliseconds = [seconds * 1000 for seconds in waited.clicks] or [float("inf")]
    return [
        Figure("actions waiting", count),
        Figure("memory at rest without them", waited.without.memory / MEGABYTE, "MB"),
        Figure("more memory with them", more, "MB", 60),
        Figure("CPU at rest without them", waited.without.cpu * 100, "% of a core"),
        Figure("more CPU with them", points, "points", 1),
        Figure("click to execution, p50", statistics.median(milliseconds), "ms"),
        Figure("click to execution, p95", percentile(milliseconds, 0.95), "ms", 1500),
        Figure("clicks not carried out", waited.undone, "", 0),
        Figure("effects beside the clicks", abs(waited.effects - len(waited.clicks)), "", 0),
    ]


def as_json(name: str, figures: Sequence[Figure]) -> str:
    """One line for a machine: names to values, and which targets were missed."""
    values = {figure.what: round(figure.value, 3) if figure.value != float("inf") else None for figure in figures}
    return json.dumps({"run": name, "figures": values, "missed": [figure.what for figure in figures if figure.missed]})


def _times(what: str, seconds: Sequence[float], held: str, most: float | None) -> list[Figure]:
    milliseconds = [one * 1000 for one in seconds] or [float("inf")]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "slowest": 1.0}
    return [
        Figure(f"{what}, {name}", percentile(milliseconds, share), "ms", most if name == held else None)
        for name, share in shares.items()
    ]


def _held(samples: Sequence[Sample], targets: Targets) -> list[Figure]:
    memory = [sample.memory / MEGABYTE for sample in samples]
    files = [float(sample.files) for sample in samples]
    connections = [float(sample.connections) for sample in samples]
    flat = None if targets.growth is None else targets.growth * 100
    first, last = samples[0], samples[-1]
    seconds = max(last.at - first.at, 0.001)
    return [
        Figure("memory of all processes, at most", max(memory), "MB", targets.memory),
        Figure("memory growth", growth(memory) * 100, "%", flat),
        Figure("files and sockets, at most", max(files)),
        Figure("growth of files and sockets", growth(files) * 100, "%", flat),
        Figure("database connections, at most", max(connections)),
        Figure("growth of connections", growth(connections) * 100, "%", flat),
        Figure("CPU of the service", (last.cpu - first.cpu) / seconds * 100, "% of a core"),
        Figure("CPU of Postgres", (last.server_cpu - first.server_cpu) / seconds * 100, "% of a core"),
    ]


def _otherwise(run: Run) -> int:
    return sum(count for outcome, count in run.accounts.outcomes.items() if not outcome.startswith("answered by stand"))


def _digits(value: float) -> int:
    return 0 if float(value).is_integer() or abs(value) >= 100 else 1
