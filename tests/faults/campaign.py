"""All runs under faults, one after the other, or a sample of them drawn with a seed; one JSON line each.

`python -m tests.faults.campaign --arrangement sqlite --points executor. --sample 10 --seed 20261126`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from loket.bench.servers.postgres import running_postgres
from tests.faults.case import Case, Result, Room
from tests.faults.forking import forker
from tests.faults.planted import PLANTS, Plant
from tests.faults.points import EVERYWHERE, cases
from tests.faults.templates import Templates


@contextmanager
def room(postgres: str = "") -> Iterator[Room]:
    """Where runs take place; `postgres` is the URL of a server on which databases may be made, if one is needed."""
    with tempfile.TemporaryDirectory(prefix="loket-faults-", ignore_cleanup_errors=True) as name, forker() as parent:
        folder = Path(name)
        yield Room(parent, folder, Templates(parent, folder, postgres))


def drawn(every: Sequence[Case], count: int, seed: int) -> list[Case]:
    """So many of them, drawn with a seed: as many of each arrangement as of the others."""
    dice = random.Random(seed)
    shuffled = dice.sample(list(every), len(every))
    by_arrangement = [[case for case in shuffled if case.arrangement == kind] for kind in EVERYWHERE]
    turns = [case for row in zip(*_filled(by_arrangement), strict=True) for case in row if case is not None]
    return turns[:count]


def _filled(lists: Sequence[list[Case]]) -> list[list[Case | None]]:
    longest = max(len(one) for one in lists)
    return [[*one, *[None] * (longest - len(one))] for one in lists]


def line(result: Result) -> dict[str, Any]:
    """A result as it is written down."""
    return {
        "arrangement": result.case.arrangement,
        "faults": [f"{fault.way} at {fault.point}" for fault in result.case.faults],
        "reached": result.reached,
        "problems": result.problems,
        "late": result.late,
        "ready_seconds": round(result.ready, 1),
        "resumed_seconds": round(result.resumed, 1),
        "seconds": round(result.seconds, 1),
    }


def planted_line(plant: Plant, clean: Result, broken: Result) -> dict[str, Any]:
    """How a planted bug was found, or not; without it the same run must be clean."""
    return {
        "arrangement": plant.case.arrangement,
        "faults": [plant.name],
        "reached": broken.reached or bool(broken.problems),
        "problems": [*clean.problems, *([] if broken.problems else ["the auditor did not notice it"])],
        "late": [],
        "found": broken.problems[:3],
        "ready_seconds": round(clean.ready, 1),
        "resumed_seconds": round(clean.resumed, 1),
        "seconds": round(clean.seconds + broken.seconds, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 when anything was wrong."""
    options = _options(arguments)
    with ExitStack() as until_the_end:
        chosen = cases(tuple(options.arrangement or EVERYWHERE), tuple(options.points))
        chosen = drawn(chosen, options.sample, options.seed) if options.sample else chosen
        planted = [plant for plant in PLANTS if not options.points or plant.name.startswith(tuple(options.points))]
        needs_postgres = any(case.arrangement != "sqlite" for case in chosen) or options.planted
        url = until_the_end.enter_context(running_postgres()).url if needs_postgres else ""
        place = until_the_end.enter_context(room(url))
        _say({"runs": len(planted) if options.planted else len(chosen)})
        results = _planted(place, planted) if options.planted else (line(place.run(case)) for case in chosen)
        wrong = 0
        for result in results:
            _say(result)
            wrong += bool(result["problems"]) or not result["reached"]
    return 1 if wrong else 0


def _planted(place: Room, plants: Sequence[Plant]) -> Iterator[dict[str, Any]]:
    peaceful: dict[Case, Result] = {}
    for plant in plants:
        if plant.case not in peaceful:
            peaceful[plant.case] = place.run(plant.case)
        yield planted_line(plant, peaceful[plant.case], place.run(plant.broken))


def _say(result: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the service under faults and have each run audited.")
    parser.add_argument("--arrangement", action="append", choices=EVERYWHERE)
    parser.add_argument("--points", action="append", default=[], help="only those that begin so")
    parser.add_argument("--sample", type=int, default=0, help="so many of them, drawn with the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", action="store_true", help="the planted bugs instead")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
