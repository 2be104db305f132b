"""Entries as JSON lines: to standard output, or to a file that a later run goes on with where this one stopped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from loket.audit_export.ocsf import Product, event
from loket.audit_export.rows import Entry

TAIL = 1_000_000
"""Bytes from the end of a file in which its last line stands."""


class Format(StrEnum):
    """How a row is written."""

    OCSF = "ocsf"
    JSONL = "jsonl"


def line_of(entry: Entry, form: Format, product: Product) -> str:
    """One row as one line, without its end."""
    values = event(entry, product) if form is Format.OCSF else _as_it_is(entry)
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def to_stdout(lines: Iterable[str]) -> int:
    """Write every line at once, so that a reader is never behind; returns how many. A closed pipe ends it with
    BrokenPipeError: the reader goes on from the number of the last whole line that it has."""
    count = 0
    for line in lines:
        count += 1
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return count


def to_file(path: Path, lines: Iterable[str]) -> int:
    """Append every line with one write; returns how many. Raises `ConfigError` when the file cannot be written."""
    count = 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            for line in lines:
                _write_all(descriptor, f"{line}\n".encode())
                count += 1
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return count


def last_number(path: Path) -> int:
    """The number of the row in the last whole line of a file; 0 for a new or empty one. A torn line is cut off.

    Raises `ConfigError` for a file that holds something else: it is not touched.
    """
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - TAIL)
        file.seek(start)
        tail = file.read()
    whole, newline, torn = tail.rpartition(b"\n")
    if not newline:
        if start:
            raise ConfigError(f"{path} ends in a line that is too long to be one of the audit")
        _number(torn, path, torn=True)
        os.truncate(path, 0)
        return 0
    number = _number(whole.rpartition(b"\n")[2], path)
    if torn:
        os.truncate(path, start + len(whole) + 1)
    return number


def _as_it_is(entry: Entry) -> dict[str, Any]:
    """The row with the names of its columns, as an auditor would read it from the database."""
    values = asdict(entry) | {"at": entry.at.isoformat(timespec="microseconds")}
    for name in ("tool", "person", "about_account", *(("payload",) if entry.payload is None else ())):
        del values[name]
    return values


def _number(line: bytes, path: Path, *, torn: bool = False) -> int:
    """The number in a line; for a torn one only whether it can be the beginning of ours."""
    if torn:
        if line.startswith((b'{"class_uid":', b'{"seq":')) or b'{"class_uid":'.startswith(line):
            return 0
        raise ConfigError(f"{path} is not an export of the audit: name another file")
    try:
        values = json.loads(line)
        return int(values["seq"] if "seq" in values else values["unmapped"]["seq"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not an export of the audit: name another file") from error


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
