"""The log: JSON lines with only the fields that are known to hold no personal text, in a file a day or on stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

# Whatever is not in this list is left out: a message text, a name or a secret cannot slip in by accident (S-26).
# `at` is a place in the code. Where somebody talks (a room, a partition) is not here: it holds their channel id.
FIELDS = frozenset(
    {
        "action_id",
        "again",
        "at",
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
        "lost",
        "messages",
        "model",
        "ms",
        "outbox_id",
        "outcome",
        "passages",
        "path",
        "problem",
        "queue",
        "reason",
        "road",
        "seconds",
        "state",
        "status",
        "step",
        "system",
        "tool",
        "work_id",
    }
)
MAX_VALUE = 200


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: str) -> None:
        """Append one line; raises OSError."""

    def close(self) -> None:
        """Nothing more comes."""


class DailyFile:
    """Appends to a file of its day (UTC): `loket.jsonl` becomes `loket-2026-11-26.jsonl`. Made at the first line.

    Several processes may write to the same folder: each line is one write, and no file is ever renamed.
    """

    def __init__(self, path: Path, today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat()) -> None:
        self._path = path
        self._today = today
        self._day = ""
        self._descriptor = -1

    def write(self, line: str) -> None:
        """See `Sink.write`."""
        day = self._today()
        if day != self._day:
            self.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(day_file(self._path, day), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._day = day
        os.write(self._descriptor, f"{line}\n".encode())

    def close(self) -> None:
        """See `Sink.close`."""
        if self._day:
            os.close(self._descriptor)
            self._day = ""


class StandardOutput:
    """For containers: whoever runs them keeps what they say."""

    def write(self, line: str) -> None:
        """See `Sink.write`."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def close(self) -> None:
        """See `Sink.close`. Standard output is not ours to close."""


class _Speaker:
    """The worker's name, once it is known: a process that serves is given its own after the log was opened."""

    worker: str = ""


def name_worker(name: str) -> None:
    """From now on each line says which worker wrote it."""
    _Speaker.worker = name


class JsonLines:
    """A structlog logger that hands lines to a sink. A disk that is full costs lines, never a turn."""

    def __init__(self, sink: Sink, role: str = "") -> None:
        self._sink = sink
        self._role = role
        self._lock = threading.Lock()
        self._lost = 0

    def msg(self, line: str) -> None:
        """Append one line; where that fails, the next one that succeeds says how many are missing."""
        with self._lock:
            try:
                if self._lost:
                    self._sink.write(self.line({"level": "warning", "event": "lines_lost", "lost": self._lost}))
                    self._lost = 0
                self._sink.write(line)
            except (OSError, ValueError):  # ValueError: somebody closed standard output
                self._lost += 1

    debug = info = warning = error = critical = exception = log = msg

    def line(self, event: MutableMapping[str, Any]) -> str:
        """An event as a line: when, who says it, and its fields that are in the list."""
        line: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        line |= {name: event[name] for name in ("level", "event") if name in event}
        line |= {name: said for name, said in (("role", self._role), ("worker", _Speaker.worker)) if said}
        line |= {key: _plain(value) for key, value in event.items() if key in FIELDS}
        return json.dumps(line, ensure_ascii=False)

    def close(self) -> None:
        """Close the sink."""
        with self._lock:
            self._sink.close()


@contextmanager
def logging_to(path: Path, level: str, *, to: str = "file", role: str = "") -> Iterator[None]:
    """Send all log events of the block, ours and those of libraries, to a file a day beside `path`.

    `to="stdout"`: to standard output instead. `role` stands on each line, and so does the name given to `name_worker`.
    """
    lines = JsonLines(StandardOutput() if to == "stdout" else DailyFile(path), role)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, lambda _logger, _method, event: lines.line(event)],
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
        name_worker("")


def day_file(path: Path, day: str) -> Path:
    """The file of one day (ISO): retention finds the days in these names."""
    return path.with_name(f"{path.stem}-{day}{path.suffix}")


def log_files(path: Path) -> list[Path]:
    """The files of all days there are, oldest first."""
    return sorted(path.parent.glob(f"{path.stem}-????-??-??{path.suffix}"))


class _Libraries(logging.Handler):
    """Standard logging: which logger, and what kind of error; never its text, which may quote anything."""

    def __init__(self, lines: JsonLines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        event = {"level": record.levelname.lower(), "event": "library_warned", "system": record.name, "error": error}
        self._lines.msg(self._lines.line(event))


def _drop(_logger: object, _method: str, _event: MutableMapping[str, Any]) -> str:
    raise structlog.DropEvent


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:MAX_VALUE]
