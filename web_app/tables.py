"""Posts of channels that keep no memory of their own, answers to what the door was asked to do once, and signing in.

Of sign-ins that were begun, and of browsers that are signed in, there are hashes only: reading them opens nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

_Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts by itself in SQLite

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("post_id", _Counter, primary_key=True, autoincrement=True),
    sa.Column("channel", sa.String(30), nullable=False),
    sa.Column("tenant", sa.String(100), nullable=False),
    sa.Column("room", sa.String(200), nullable=False),
    sa.Column("reader", sa.String(200), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("replaces", _Counter, index=True),
    sa.Column("reply", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("thread", sa.String(200)),
    sa.Column("place", sa.String(10), nullable=False, server_default="direct"),
    sa.UniqueConstraint("channel", "key"),
    sa.Index(None, "channel", "tenant", "post_id"),
    sqlite_autoincrement=True,  # a number is never used again: readers ask for what is newer than the last they saw
)

door_calls = sa.Table(
    "door_calls",
    metadata,
    sa.Column("call_id", sa.String(200), primary_key=True),
    sa.Column("about", sa.String(64), nullable=False),
    sa.Column("answer", sa.JSON),
    sa.Column("at", Instant, nullable=False, index=True),
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("state_hash", sa.String(64), primary_key=True),
    sa.Column("browser_hash", sa.String(64), nullable=False),
    sa.Column("purpose", sa.String(30), nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("fresh", sa.Boolean, nullable=False),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

web_sessions = sa.Table(
    "web_sessions",
    metadata,
    sa.Column("session_hash", sa.String(64), primary_key=True),
    sa.Column("employee_id", sa.String(64), nullable=False, index=True),
    sa.Column("issuer", sa.String(300), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("purpose", sa.String(30), nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("signed_in_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
