"""A run as figures: what passed, by tag and by outcome, with its uncertainty, and what changed since an earlier run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.encoding import decode
from core.outcomes import Outcome
from loket.evaluation.judging import Judged

Z = 1.96
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of`, with its 95 % interval by Wilson (1927), which holds for few cases and near 0 and 1 too."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; 0 of nothing."""
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; everything is possible when nothing was tried."""
        if not self.of:
            return 0.0, 1.0
        square = Z * Z / self.of
        middle = self.value + square / 2
        reach = Z * math.sqrt(self.value * (1 - self.value) / self.of + square / (4 * self.of))
        return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.right} of {self.of} = {self.value:.2f} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a run, as it is kept. No text of a reply is kept, only how it ended and what it named."""

    key: str
    file: str
    line: int
    question: str
    asker: str
    tags: tuple[str, ...]
    outcome: str
    cited: tuple[str, ...]
    tools: tuple[str, ...]
    language: str
    model: str
    ms: int
    failures: tuple[str, ...]
    target_right: bool | None
    outcome_right: bool | None
    language_right: bool | None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing was amiss."""
        return not self.failures

    @property
    def place(self) -> str:
        """Where the case stands."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Run:
    """All cases of one evaluation. `at` is UTC; `seconds` the wall clock; `unfinished` cases expected nothing yet."""

    files: tuple[str, ...]
    at: datetime
    seconds: float
    lines: tuple[Line, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def failing(self) -> list[Line]:
        """The cases that did not pass, in their order."""
        return [line for line in self.lines if not line.passed]

    @property
    def passed(self) -> Share:
        """Cases with nothing amiss."""
        return Share(len(self.lines) - len(self.failing), len(self.lines))

    @property
    def target(self) -> Share:
        """The right clause or tool, where a case names one. A question asked back is not it."""
        return _share(line.target_right for line in self.lines)

    @property
    def outcome(self) -> Share:
        """An accepted outcome."""
        return _share(line.outcome_right for line in self.lines)

    @property
    def language(self) -> Share:
        """The language of the reply."""
        return _share(line.language_right for line in self.lines)

    @property
    def by_tag(self) -> dict[str, Share]:
        """Cases passed, by tag."""
        return self._by(lambda line: line.tags)

    @property
    def by_outcome(self) -> dict[str, Share]:
        """Cases passed, by how the turn ended."""
        return self._by(lambda line: (line.outcome,))

    def _by(self, names: Callable[[Line], tuple[str, ...]]) -> dict[str, Share]:
        found: dict[str, list[bool]] = {}
        for line in self.lines:
            for name in names(line):
                found.setdefault(name, []).append(line.passed)
        return {name: _share(found[name]) for name in sorted(found)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two runs. Cases are known again by their question, asker and file."""

    since: datetime
    newly_failing: tuple[Line, ...]
    newly_passing: tuple[Line, ...]
    new: int
    gone: int


def line_of(judged: Judged) -> Line:
    """A judged case as it is kept and shown."""
    case, came = judged.case, judged.came
    return Line(
        key=case.key,
        file=case.file,
        line=case.line,
        question=case.question,
        asker=str(case.asker),
        tags=case.tags,
        outcome=came.outcome.value if came.outcome else "none",
        cited=came.cited,
        tools=came.tools,
        language=came.language,
        model=came.model,
        ms=came.ms,
        failures=judged.failures,
        target_right=judged.target,
        outcome_right=judged.outcome,
        language_right=judged.language,
        note=case.note,
    )


def difference(run: Run, before: Run) -> Difference:
    """`run` compared with an earlier one."""
    was = {line.key: line.passed for line in before.lines}
    known = [line for line in run.lines if line.key in was]
    return Difference(
        since=before.at,
        newly_failing=tuple(line for line in known if was[line.key] and not line.passed),
        newly_passing=tuple(line for line in known if not was[line.key] and line.passed),
        new=len(run.lines) - len(known),
        gone=len(set(was) - {line.key for line in known}),
    )


def as_json(run: Run, changed: Difference | None = None) -> dict[str, Any]:
    """The object that `loket eval --json` prints and that is kept of a run."""
    found: dict[str, Any] = {
        "files": list(run.files),
        "at": run.at.isoformat(),
        "seconds": round(run.seconds, 1),
        "totals": {name: _share_json(getattr(run, name)) for name in ("passed", "target", "outcome", "language")},
        "by_tag": {name: _share_json(share) for name, share in run.by_tag.items()},
        "by_outcome": {name: _share_json(share) for name, share in run.by_outcome.items()},
        "unfinished": list(run.unfinished),
        "cases": [{**asdict(line), "passed": line.passed} for line in run.lines],
    }
    if changed is not None:
        found["since"] = {
            "at": changed.since.isoformat(),
            "newly_failing": [line.place for line in changed.newly_failing],
            "newly_passing": [line.place for line in changed.newly_passing],
            "new": changed.new,
            "gone": changed.gone,
        }
    return found


def from_json(kept: dict[str, Any]) -> Run:
    """A run that was kept. Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
    return Run(
        files=tuple(kept["files"]),
        at=datetime.fromisoformat(kept["at"]),
        seconds=float(kept["seconds"]),
        lines=tuple(decode(Line, case) for case in kept["cases"]),
        unfinished=tuple(kept.get("unfinished", ())),
    )


def median_ms(lines: Sequence[Line]) -> int:
    """The middle turn's wall clock in milliseconds; 0 without any."""
    times = sorted(line.ms for line in lines if line.outcome in set(Outcome))
    return times[len(times) // 2] if times else 0


def _share(values: Iterable[bool | None]) -> Share:
    asked = [value for value in values if value is not None]
    return Share(sum(asked), len(asked))


def _share_json(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {
        "right": share.right,
        "of": share.of,
        "share": round(share.value, 4),
        "interval": [round(low, 4), round(high, 4)],
    }
