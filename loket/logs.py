"""The log: JSON lines in the home folder, with only the fields that are known to hold no personal text."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import structlog

# Whatever is not in this list is left out: a message text, a name or a secret cannot slip in by accident (S-26).
FIELDS = frozenset(
    {
        "action_id",
        "again",
        "attempts",
        "channel",
        "count",
        "documents",
        "engine",
        "error",
        "event",
        "event_id",
        "kind",
        "level",
        "model",
        "ms",
        "outbox_id",
        "outcome",
        "partition",
        "passages",
        "path",
        "problem",
        "queue",
        "reason",
        "road",
        "state",
        "status",
        "step",
        "system",
        "tool",
        "work_id",
    }
)
MAX_VALUE = 200


class JsonLines:
    """A structlog logger that appends to one file, opened at the first line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def msg(self, line: str) -> None:
        """Append one line."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(line + "\n")
        self._file.flush()

    debug = info = warning = error = critical = exception = log = msg

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def logging_to(path: Path, level: str) -> Iterator[None]:
    """Send all log events of the block to `path`, ours and those of libraries. Nothing goes to the terminal."""
    lines = JsonLines(path)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, _only_known_fields],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    handler = _Libraries(lines)
    handler.setLevel(max(number, logging.WARNING))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        structlog.configure(processors=[_drop])
        lines.close()


class _Libraries(logging.Handler):
    """Standard logging: which logger, and what kind of event; never its text, which may quote anything."""

    def __init__(self, lines: JsonLines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        event = {"level": record.levelname.lower(), "event": "library", "system": record.name, "error": error}
        self._lines.msg(_only_known_fields(None, "", event))


def _drop(_logger: object, _method: str, _event: MutableMapping[str, Any]) -> str:
    raise structlog.DropEvent


def _only_known_fields(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    line = {"timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")}
    line.update({key: _plain(value) for key, value in event.items() if key in FIELDS})
    return json.dumps(line, ensure_ascii=False)


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:MAX_VALUE]
