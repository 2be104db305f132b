"""The tables of this package: the outbox and the audit chain."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine import Instant, metadata

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("outbox_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("slot", sa.String(200), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("destination", sa.JSON, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("state", sa.String(12), nullable=False, default="waiting", index=True),
    sa.Column("receipt", sa.String(300)),
    sa.Column("last_error", sa.String(300)),
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
)

audit_payload = sa.Table(
    "audit_payload",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    sa.Column("subject", sa.String(120), nullable=False, index=True),
    sa.Column("salt", sa.String(32), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
)
