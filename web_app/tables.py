"""Posts of channels that keep no memory of their own, and the answers to what the door was asked to do once."""

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
