"""How long a handbook takes to read in, how fast it is searched, and how often the right section is among the first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from loket.bench import Row
from policies.bench import measure
from policies.library import Library

Progress = Callable[[int, int, str], None]
EVERYBODY = frozenset({"all-staff"})
FIRST = 5


async def ingest_twice(library: Library, folder: Path, progress: Progress | None) -> list[Row]:
    """Read the folder in, and again unchanged."""
    rows = []
    for what, target in (("first", "90 s for 246 pages"), ("unchanged", "5 s")):
        begun, used = time.perf_counter(), time.process_time()
        report = await library.ingest(folder, "bench", progress)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        found = f"{report.added + report.updated + report.unchanged} documents, {report.passages} passages"
        rows.append(Row(f"ingest {folder.name}, {what}", f"{seconds:.1f} s, {used:.0f} CPU-s ({found})", target))
    return rows


async def search(library: Library, questions: Path) -> list[Row]:
    """Speed with rights applied, and the right section among the first five, by set."""
    await measure(library, questions, EVERYBODY, FIRST)  # the first round opens files and warms caches
    result = await measure(library, questions, EVERYBODY, FIRST)
    count = sum(part.questions for part in result.sets.values())
    speed = f"p50 {result.median_ms:.1f} ms, slowest {result.slowest_ms:.1f} ms"
    rows = [Row(f"search, audience on, {count} questions", speed, "p50 at most 15 ms")]
    rows += [
        Row(f"right section among the first {FIRST}: {name}", f"{part.found} of {part.questions}")
        for name, part in result.sets.items()
    ]
    return [*rows, Row("missed", ", ".join(result.missed) or "none")]
