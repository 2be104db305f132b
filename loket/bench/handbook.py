"""How long a handbook takes to read in, how fast it is searched, and how often the right section is among the first."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.ports import Passage
from loket.bench import Row, milliseconds
from policies.library import Library

Progress = Callable[[int, int, str], None]
EVERYBODY = frozenset({"all-staff"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose right sections are known. `gold` holds pairs of path and heading; `*` is any heading."""

    group: str
    text: str
    answerable: bool
    gold: tuple[tuple[str, str], ...]


def read_questions(file: Path) -> list[Question]:
    """Questions as JSON lines: `set`, `question`, `answerable`, `gold` and `also_acceptable` with `path` and `heading`
    (or `article`)."""
    return [_question(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


async def ingest_twice(library: Library, folder: Path, progress: Progress | None) -> list[Row]:
    """Read the folder in, and again unchanged."""
    rows = []
    for what in ("first", "unchanged"):
        begun, used = time.perf_counter(), time.process_time()
        report = await library.ingest(folder, "bench", progress)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        found = f"{report.added + report.updated + report.unchanged} documents, {report.passages} passages"
        rows.append(Row(f"ingest {folder.name}, {what}", f"{seconds:.1f} s, {used:.0f} CPU-s ({found})"))
    return rows


async def search_speed(library: Library, questions: Sequence[Question], rounds: int = 3) -> list[Row]:
    """Each question a few times, rights applied; the first round warms up and is not counted."""
    seconds: list[float] = []
    for number in range(rounds + 1):
        for question in questions:
            begun = time.perf_counter()
            await library.search(question.text, EVERYBODY, k=5)
            if number:
                seconds.append(time.perf_counter() - begun)
    return [Row(f"search, audience on, {len(seconds)} searches", milliseconds(seconds))]


async def recall(library: Library, questions: Sequence[Question], k: int = 5) -> list[Row]:
    """The share of answerable questions with a right section among the first `k`, by set."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for question in questions:
        if question.answerable:
            found = await library.search(question.text, EVERYBODY, k=k)
            hits[question.group].append(any(_is_right(passage, question) for passage in found))
    return [Row(f"right section in the first {k}: {group}", f"{sum(hit)} of {len(hit)}") for group, hit in hits.items()]


def _is_right(passage: Passage, question: Question) -> bool:
    return any(
        passage.path.endswith(path) and (heading in ("*", passage.heading) or passage.heading.startswith(f"{heading} "))
        for path, heading in question.gold
    )


def _question(row: dict[str, Any]) -> Question:
    places = [*row.get("gold", []), *row.get("also_acceptable", [])]
    gold = tuple((place["path"], (place.get("heading") or place.get("article") or "*").strip()) for place in places)
    return Question(row.get("set", "all"), row["question"], row.get("answerable", True), gold)
