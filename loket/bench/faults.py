"""The service under faults, run from a checkout: what `tests/faults` does, counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from loket.bench import Row

CHECKOUT = Path(__file__).parents[2]
CAMPAIGN = "tests.faults.campaign"
READY_SECONDS = 10
RESUMED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `ready` and `resumed` in seconds: until the desk took work again, and until all was done again.

    `reached` is false when the fault never happened: then the run proves nothing. `late`: what took too long.
    """

    arrangement: str
    faults: str
    reached: bool
    problems: tuple[str, ...]
    late: tuple[str, ...]
    ready: float
    resumed: float

    @property
    def is_clean(self) -> bool:
        """Whether the fault happened and the auditor found nothing."""
        return self.reached and not self.problems


def run(arguments: Sequence[str], begun: Callable[[int], None]) -> Iterator[Run]:
    """Run a campaign with these arguments; `begun` hears how many runs there will be.

    Raises `ConfigError` where there is no checkout, RuntimeError when the campaign itself breaks.
    """
    if not (CHECKOUT / "tests" / "faults" / "campaign.py").exists():
        raise ConfigError("the runs under faults need a checkout of Loket: they are in tests/faults")
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", CAMPAIGN, *arguments], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as campaign:
        assert campaign.stdout is not None  # noqa: S101 - asked for above
        for line in campaign.stdout:
            answer = json.loads(line)
            if "runs" in answer:
                begun(int(answer["runs"]))
            else:
                yield _run(answer)
    if campaign.returncode not in (0, 1):
        raise RuntimeError(f"the campaign ended with {campaign.returncode}")


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """A line for each arrangement, and one for each run that was not clean."""
    rows: list[Row] = []
    for arrangement in dict.fromkeys(run.arrangement for run in runs):
        mine = [run for run in runs if run.arrangement == arrangement]
        clean = sum(run.is_clean for run in mine)
        rows.append(Row(f"{arrangement}: clean", f"{clean} of {len(mine)}", "all"))
        rows.append(_slowest(f"{arrangement}: ready again", [run.ready for run in mine], READY_SECONDS))
        rows.append(_slowest(f"{arrangement}: all resumed", [run.resumed for run in mine], RESUMED_SECONDS))
    for run in runs:
        if not run.is_clean:
            what = "; ".join(run.problems) or "the fault never happened"
            rows.append(Row(f"{run.arrangement}: {run.faults}", what[:200]))
    rows += [Row(f"{run.arrangement}: {run.faults}", "; ".join(run.late)) for run in runs if run.late]
    return rows


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """The same in one object, to be kept."""
    return {
        "runs": len(runs),
        "clean": sum(run.is_clean for run in runs),
        "late": sum(bool(run.late) for run in runs),
        "ready_seconds_max": max((run.ready for run in runs), default=0.0),
        "resumed_seconds_max": max((run.resumed for run in runs), default=0.0),
        "not_clean": [
            {"arrangement": run.arrangement, "faults": run.faults, "problems": run.problems}
            for run in runs
            if not run.is_clean
        ],
    }


def _slowest(what: str, seconds: Sequence[float], most: int) -> Row:
    return Row(what, f"at most {max(seconds, default=0.0):.1f} s", f"at most {most} s")


def _run(answer: dict[str, Any]) -> Run:
    return Run(
        answer["arrangement"],
        " then ".join(answer["faults"]),
        bool(answer["reached"]),
        tuple(answer["problems"]),
        tuple(answer["late"]),
        float(answer["ready_seconds"]),
        float(answer["resumed_seconds"]),
    )
