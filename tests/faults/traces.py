"""What is left after a run, read as it lies there: the ledger's tables, the world's own records, what was sent.

It imports nothing of the product and opens the databases itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TABLES = {
    "actions": "created_at",
    "votes": "at",
    "envelopes": "envelope_id",
    "inbox": "received_at",
    "turns": "at",
    "messages": "message_id",
    "outbox": "outbox_id",
    "posts": "post_id",
    "audit": "seq",
    "door_calls": "at",
    "switches": "at",
}
JSON = {"arguments", "approver_groups", "destination", "payload", "reply", "message", "address", "answer", "facts"}
DOUBT_SECONDS = 20.0
"""A doubt that is younger is looked at again soon; an older one is left to a person."""
FLAGS = {"proof_needed", "braked"}


@dataclass(frozen=True)
class Note:
    """A message as its receiver has it."""

    road: str
    address: str
    text: str
    key: str


@dataclass(frozen=True)
class Traces:
    """Everything an auditor may look at."""

    tables: dict[str, list[Row]]
    effects: list[Row]
    tickets: list[Row]
    groups: dict[str, frozenset[str]]
    accounts: dict[str, str]
    notes: list[Note]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    def audit_of(self, action_id: str, verb: str = "") -> list[Row]:
        """The audit rows about an action, in order."""
        rows = [row for row in self["audit"] if row["object"] == f"action:{action_id}"]
        return [row for row in rows if row["verb"] == verb] if verb else rows

    def item(self, key: str) -> Row | None:
        """The outbox row of a key."""
        return next((row for row in self["outbox"] if row["key"] == key), None)


def read(database: str, world: Path) -> Traces:
    """Read it all, each database in one snapshot."""
    with _connected(database) as rows:
        tables = {
            name: [_plain(row) for row in rows(f"SELECT * FROM {name} ORDER BY {by}")] for name, by in TABLES.items()
        }
    with closing(sqlite3.connect(f"file:{world / 'world.sqlite'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        effects = [dict(row) for row in connection.execute("SELECT * FROM effects ORDER BY seq")]
        tickets = [dict(row) for row in connection.execute("SELECT * FROM tickets")]
        groups: dict[str, set[str]] = {}
        for person, group in connection.execute("SELECT employee_id, name FROM person_groups"):
            groups.setdefault(person, set()).add(group)
        accounts = dict(connection.execute("SELECT account_id, employee_id FROM accounts").fetchall())
    notes = [Note(**_only(json.loads(file.read_text()))) for file in sorted((world / "notes").glob("*/*.json"))]
    return Traces(
        tables, effects, tickets, {person: frozenset(names) for person, names in groups.items()}, accounts, notes
    )


def unfinished(database: str) -> list[str]:
    """What is still to be done, in words; empty when all is quiet."""
    left = {
        "events": "SELECT count(*) FROM inbox WHERE state = 'waiting'",
        "posts": "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')",
        "actions": "SELECT count(*) FROM actions WHERE state IN ('approved', 'executing')",
        "secrets": "SELECT count(*) FROM envelopes WHERE state IN ('wanted', 'waiting')",
    }
    with _connected(database) as rows:
        counts = {what: next(iter(rows(query)[0].values())) for what, query in left.items()}
        doubts = [_plain(row)["claimed_at"] for row in rows("SELECT claimed_at FROM actions WHERE state = 'unknown'")]
    moment = datetime.now(UTC)
    counts["fresh doubts"] = sum((moment - at).total_seconds() < DOUBT_SECONDS for at in doubts if at)
    return [f"{count} {what}" for what, count in counts.items() if count]


@contextmanager
def _connected(database: str) -> Iterator[Any]:
    if database.startswith("sqlite"):
        path = database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            yield lambda query: [dict(row) for row in connection.execute(query)]
        return
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(database.replace("+psycopg", "", 1), row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield lambda query: connection.execute(query.encode()).fetchall()


def _plain(row: Row) -> Row:
    """The same values from both databases: JSON read, flags true or false, moments aware and in UTC."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in JSON and isinstance(value, str):
        return json.loads(value)
    if name in FLAGS:
        return bool(value)
    if name.endswith("_at") or name == "at":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return value


def _only(message: dict[str, str]) -> dict[str, str]:
    return {name: message[name] for name in ("road", "address", "text", "key")}
