"""Checks an audit chain from outside: imports nothing of ours and shares no code with what wrote it.

Give this one file to an auditor. `python audit_verifier.py FILE_OR_URL [--heads heads.jsonl --public-key FILE]` needs
only Python for a SQLite file; psycopg for a `postgresql://` URL, cryptography for signed heads.

A row's `hash` is SHA-256 over its other columns as RFC 8785 JSON, `previous` the hash of the row before (64 zeros
for row 1). `payload_hash` is the same over [salt, subject, payload] of the side table. A payload may only be missing
when a later row of verb `erase_payload` lists its number. A signed head says which hash stood at a row when it was
signed: without heads, a chain whose last rows were cut off looks whole.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any
from urllib.parse import quote

COLUMNS = (
    "seq", "at", "actor", "verb", "object", "result", "origin", "request", "policy", "payload_hash", "previous", "hash",
)  # fmt: skip
CHAIN = (
    f"SELECT {', '.join(f'a.{column}' for column in COLUMNS)}, p.seq, p.salt, p.subject, {{payload}} "
    "FROM audit a LEFT JOIN audit_payload p ON p.seq = a.seq ORDER BY a.seq"
)
ORPHANS = "SELECT p.seq FROM audit_payload p LEFT JOIN audit a ON a.seq = p.seq WHERE a.seq IS NULL"
HEAD_PREFIX = b"loket audit head\n"
MAX_PROBLEMS = 1000


@dataclass(frozen=True)
class Report:
    """What was found. `problems` is empty when the chain is whole (at most 1,000 are kept); `erased` counts payloads
    that were erased with a record of it; `heads` counts signed heads that are in the chain; `notes` are no faults.
    """

    ok: bool
    rows: int
    problems: tuple[str, ...]
    seconds: float
    erased: int = 0
    heads: int = 0
    notes: tuple[str, ...] = ()


@dataclass
class _State:
    seq: int = 0
    hash: str = "0" * 64
    rows: int = 0
    erased: int = 0
    missing: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(text)


def verify(source: str, heads: Path | None = None, public_key: Path | None = None) -> Report:
    """Check the chain of a SQLite file (path or `sqlite:///` URL) or a Postgres URL; the rows are streamed.

    `heads` is the file of signed heads, `public_key` the PEM file with the public half of each key that signed them.
    Raises ValueError for heads without a public key; everything else that is wrong is in the report.
    """
    started = time.monotonic()
    state = _State()
    signed: dict[int, set[str]] = {}
    if heads is not None:
        if public_key is None:
            raise ValueError("signed heads are checked with the public key: give --public-key too")
        signed = _read_heads(heads, public_key, state)
    try:
        with _rows(source) as (rows, orphans):
            found = _check_chain(rows, signed, state)
            for (seq,) in orphans:
                state.wrong(f"row {seq}: there is a payload without its row")
    except _Unreadable as error:
        state.wrong(f"the database cannot be read after row {state.seq}: {error}")
        found = 0
    for seq in sorted(state.missing)[:MAX_PROBLEMS]:
        state.wrong(f"row {seq}: its payload is gone, and no row records that it was erased")
    for seq in sorted(set(signed) - set(range(1, state.seq + 1))):
        state.wrong(f"row {seq}: a head was signed for it, but the chain ends at row {state.seq}: the tail was cut off")
    seconds = time.monotonic() - started
    problems = tuple(state.problems)
    return Report(not problems, state.rows, problems, seconds, state.erased, found, tuple(state.notes))


def _check_chain(rows: Iterable[tuple[Any, ...]], signed: Mapping[int, set[str]], state: _State) -> int:
    found = 0
    for values in rows:
        row = dict(zip(COLUMNS, values, strict=False))
        seq = row["seq"]
        state.rows += 1
        if type(seq) is not int:
            state.wrong(f"a row has the number {seq!r}, which is none")
            continue
        if seq != state.seq + 1:
            state.wrong(f"row {seq}: row {state.seq + 1} should come after row {state.seq}")
        if row["previous"] != state.hash:
            state.wrong(f"row {seq}: it does not continue the row before it")
        claimed = row.pop("hash")
        if not _same(row, claimed):
            state.wrong(f"row {seq}: it was changed after it was written")
        _check_payload(row, values[len(COLUMNS) :], state)
        for head in signed.get(seq, ()):
            if head == claimed:
                found += 1
            else:
                state.wrong(f"row {seq}: a head was signed for another row in this place")
        state.seq, state.hash = seq, claimed
    return found


def _check_payload(row: Mapping[str, Any], values: tuple[Any, ...], state: _State) -> None:
    there, salt, subject, text = values
    seq = row["seq"]
    if there is None:
        state.missing.add(seq)
        return
    try:
        payload = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, TypeError, RecursionError):
        state.wrong(f"row {seq}: its payload cannot be read")
        return
    if not _same([salt, subject, payload], row["payload_hash"]):
        state.wrong(f"row {seq}: its payload was changed after it was written")
    elif row["verb"] == "erase_payload":
        try:
            erased = set(_numbers(payload["rows"], seq)) & state.missing
        except (ValueError, KeyError, TypeError, AttributeError):
            state.wrong(f"row {seq}: it records an erasure and does not say of which rows")
            return
        state.missing -= erased
        state.erased += len(erased)


def _numbers(ranges: str, below: int) -> Iterator[int]:
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        yield from range(max(int(first), 1), min(int(last or first), below - 1) + 1)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _same(value: Any, claimed: object) -> bool:
    try:
        return hashlib.sha256(_canonical(value).encode("utf-8")).hexdigest() == claimed
    except (TypeError, ValueError, RecursionError):
        return False


def _canonical(value: Any) -> str:
    """RFC 8785 for what a chain holds: text, whole numbers, lists and objects. TypeError for anything else."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_canonical(key)}:{_canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if type(value) is int:
        return str(value)
    raise TypeError(f"a chain holds no {type(value).__name__}")


class _Unreadable(Exception):
    """The file or server cannot be read as an audit chain."""


@contextmanager
def _rows(source: str) -> Iterator[tuple[Iterable[tuple[Any, ...]], Iterable[tuple[Any, ...]]]]:
    if source.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        with _postgres_rows(source.replace("+psycopg", "", 1)) as rows:
            yield rows
        return
    path = Path(source.removeprefix("sqlite:///"))
    try:
        with closing(_open_sqlite(path)) as connection:
            yield connection.execute(CHAIN.format(payload="p.payload")), connection.execute(ORPHANS)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _Unreadable(str(error)) from error


def _open_sqlite(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True)
        connection.execute("SELECT 1 FROM audit LIMIT 1")
    except sqlite3.OperationalError:
        if not path.is_file() or path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(address + "&immutable=1", uri=True)  # a copy in a folder that is read-only
    connection.execute("BEGIN")  # one snapshot, also while the service goes on writing
    for table in ("audit", "audit_payload"):  # a damaged index would hide rows from a query
        damage = connection.execute(f"PRAGMA integrity_check({table})").fetchone()[0]
        if damage != "ok":
            raise sqlite3.DatabaseError(damage)
    return connection


@contextmanager
def _postgres_rows(url: str) -> Iterator[tuple[Iterable[tuple[Any, ...]], Iterable[tuple[Any, ...]]]]:
    import psycopg

    try:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.cursor(name="chain") as chain, connection.cursor(name="orphans") as orphans:
                chain.itersize = 5000
                chain.execute(CHAIN.format(payload="p.payload::text").encode())
                orphans.execute(ORPHANS.encode())
                yield chain, orphans
    except psycopg.Error as error:
        raise _Unreadable(str(error).strip()) from error


def _read_heads(path: Path, public_key: Path, state: _State) -> dict[int, set[str]]:
    """The heads with a good signature, by row."""
    heads: dict[int, set[str]] = {}
    try:
        keys = _public_keys(public_key.read_bytes())
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        state.wrong(f"the signed heads cannot be checked: {error}")
        return heads
    for number, line in enumerate(lines, start=1):
        try:
            head = json.loads(line)
            signature = base64.b64decode(head.pop("signature"), validate=True)
            keys[head["key"]].verify(signature, HEAD_PREFIX + _canonical(head).encode("utf-8"))
            heads.setdefault(head["seq"], set()).add(head["hash"])
        except json.JSONDecodeError:
            state.notes.append(f"line {number} of the heads is not whole: a process stopped while writing it")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a head, it proves nothing
            state.wrong(f"line {number} of the heads: no valid signature of a given key ({type(error).__name__})")
    return heads


def _public_keys(pem: bytes) -> dict[str, Any]:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    end = b"-----END PUBLIC KEY-----"
    keys: list[Any] = [load_pem_public_key(block + end) for block in pem.split(end)[:-1]]
    if not keys:
        raise ValueError("the file holds no public key")
    return {hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]: key for key in keys}


def main(arguments: list[str] | None = None) -> int:
    """Print the report; 0 when the chain is whole, 1 when it is not."""
    parser = argparse.ArgumentParser(description="Check an audit chain, independent of the program that wrote it.")
    parser.add_argument("source", help="a SQLite file, or a postgresql:// URL")
    parser.add_argument("--heads", type=Path, help="the file of signed heads, kept outside the database")
    parser.add_argument("--public-key", type=Path, help="PEM file with the public keys the heads were signed with")
    options = parser.parse_args(arguments)
    if options.heads and not options.public_key:
        parser.error("--heads needs --public-key")
    report = verify(options.source, options.heads, options.public_key)
    for line in (*(f"BROKEN  {text}" for text in report.problems), *(f"note    {text}" for text in report.notes)):
        sys.stdout.write(line + "\n")
    sys.stdout.write(
        f"{'whole' if report.ok else 'BROKEN'}: {report.rows} rows, {report.erased} payloads erased, "
        f"{report.heads} signed heads found, {report.seconds:.1f} s\n"
    )
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
