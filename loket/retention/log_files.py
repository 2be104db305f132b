"""Log files: old days removed, and lines that speak of one person taken out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from loket.logs import log_files


def prune(path: Path, moment: datetime, days: int, *, dry: bool = False) -> int:
    """Remove the files of days that ended more than `days` days before `moment`; returns how many."""
    first = (moment - timedelta(days=days)).date()
    old = [file for file in log_files(path) if _day(file) < first]
    for file in () if dry else old:
        file.unlink(missing_ok=True)
    return len(old)


def drop_lines(path: Path, about: Callable[[object], bool]) -> int:
    """Rewrite all files without the lines of which `about` says so, given what the line holds; returns how many.

    Written in place: a process that holds a file open goes on at its end.
    """
    dropped = 0
    for file in log_files(path):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if not about(_held(line))]
        if len(kept) < len(lines):
            with file.open("r+", encoding="utf-8") as opened:
                opened.writelines(kept)
                opened.truncate()
            dropped += len(lines) - len(kept)
    return dropped


def _day(file: Path) -> date:
    """The day in the name of a file: `loket-2026-11-26.jsonl`."""
    return date.fromisoformat(file.stem[-len("2026-11-26") :])


def _held(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return line  # torn by a crash
