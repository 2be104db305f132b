"""Terminal rooms: a file for each, in which a line stays as long as the outbox knows the post."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

Line = dict[str, Any]
Change = Callable[[Line], Line | None]
"""A line as it should be: the same, another, or None for gone."""


def room_files(folder: Path) -> list[Path]:
    """The files of all rooms."""
    return sorted(folder.glob("*.jsonl"))


def receipts(file: Path) -> set[str]:
    """The outbox keys of all posts in a room."""
    return {str(line.get("receipt", "")) for line in read_lines(file)}


def read_lines(file: Path) -> list[Line]:
    """The posts in a room, oldest first; a line torn by a crash is left out."""
    return [line for text in file.read_text(encoding="utf-8").splitlines() if (line := _parsed(text)) is not None]


def rewrite(file: Path, change: Change) -> int:
    """Change the lines of a room; returns how many are not as they were. An empty room is removed, name and all.

    How many lines its reader has seen is counted anew. Under a lock that the terminal takes too when it posts.
    """
    mark = file.with_suffix(".seen")
    with _locked(file) as opened:
        before = opened.read().splitlines()
        after = [_changed(text, change) for text in before]
        different = sum(old != new for old, new in zip(before, after, strict=True))
        if not different:
            return 0
        seen = int(mark.read_text() or 0) if mark.exists() else 0
        kept = [text for text in after if text is not None]
        opened.seek(0)
        opened.writelines(f"{text}\n" for text in kept)
        opened.truncate()
        if not kept:
            file.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        elif mark.exists():
            mark.write_text(str(sum(text is not None for text in after[:seen])))
    return different


def _changed(text: str, change: Change) -> str | None:
    line = _parsed(text)
    if line is None:
        return None
    new = change(line)
    return text if new == line else None if new is None else json.dumps(new, ensure_ascii=False)


def _parsed(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


@contextmanager
def _locked(file: Path) -> Iterator[TextIO]:
    with file.open("r+", encoding="utf-8") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield opened
