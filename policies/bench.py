"""How well and how fast search is, on a file of questions with known answers. Used by `loket bench` and the tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.ports import Passage, PolicySearch


@dataclass(frozen=True, slots=True)
class SetResult:
    """One set of questions: how many had a right section first, or among the first `k`."""

    questions: int
    first: int
    found: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The figures of one run; times in milliseconds a question."""

    sets: dict[str, SetResult] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    median_ms: float = 0.0
    slowest_ms: float = 0.0


async def measure(library: PolicySearch, questions: Path, groups: frozenset[str], k: int = 5) -> SearchResult:
    """Ask every answerable question of a JSONL file (`id`, `set`, `question`, `gold`, `also_acceptable`) once.

    A hit is a gold or acceptable section: its path, and its heading (or `article`), `*` or none for any section.
    """
    asked = await asyncio.to_thread(_answerable, questions)
    if asked:
        await library.search(str(asked[0]["question"]), groups, k)  # loads the model and opens the files
    counts: dict[str, list[int]] = {}
    missed: list[str] = []
    times: list[float] = []
    for row in asked:
        started = time.perf_counter()
        found = await library.search(str(row["question"]), groups, k)
        times.append((time.perf_counter() - started) * 1000)
        place = _place(found, [*row["gold"], *row.get("also_acceptable", [])])
        count = counts.setdefault(str(row["set"]), [0, 0, 0])
        count[0] += 1
        count[1] += place == 0
        count[2] += place is not None
        if place is None:
            missed.append(str(row["id"]))
    sets = {name: SetResult(*count) for name, count in counts.items()}
    return SearchResult(sets, tuple(missed), _middle(times), max(times, default=0.0))


def _answerable(questions: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if row.get("answerable", True)]


def _place(found: Sequence[Passage], accepted: Iterable[dict[str, Any]]) -> int | None:
    wanted = [(row["path"], row.get("heading") or row.get("article")) for row in accepted]
    for place, passage in enumerate(found):
        if any(path == passage.path and heading in (None, "*", passage.heading) for path, heading in wanted):
            return place
    return None


def _middle(times: Sequence[float]) -> float:
    return sorted(times)[len(times) // 2] if times else 0.0
