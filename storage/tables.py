"""The tables of this package: the outbox and the audit chain."""

from __future__ import annotations

import sqlalchemy as sa

from storage.audit_guard import guard
from storage.engine import Instant, metadata

_Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts by itself in SQLite

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("outbox_id", _Counter, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("slot", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("destination", sa.JSON, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("state", sa.String(12), nullable=False, default="waiting"),
    sa.Column("receipt", sa.String(300)),
    sa.Column("last_error", sa.String(300)),
    sa.Index(None, "state", "due_at"),
    sa.Index(None, "slot", "outbox_id"),
    sqlite_autoincrement=True,  # a number is never used again: the newest item of a slot is the highest
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("verb", sa.String(60), nullable=False),
    sa.Column("object", sa.String(160), nullable=False),
    sa.Column("result", sa.String(60), nullable=False),
    sa.Column("origin", sa.String(60), nullable=False),
    sa.Column("request", sa.String(200), nullable=False),
    sa.Column("policy", sa.String(80), nullable=False),
    sa.Column("payload_hash", sa.String(64), nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Index(None, "object"),
)

audit_payload = sa.Table(
    "audit_payload",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    sa.Column("subject", sa.String(120), nullable=False, index=True),
    sa.Column("salt", sa.String(32), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
)

for _table in (audit, audit_payload):
    sa.event.listen(_table, "after_create", guard)


def text_lengths(table: sa.Table) -> dict[str, int]:
    """How many characters each text column of a table holds. Postgres enforces it, SQLite does not."""
    return {
        column.name: column.type.length
        for column in table.columns
        if isinstance(column.type, sa.String) and column.type.length
    }
