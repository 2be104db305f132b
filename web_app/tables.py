"""Posts of channels that keep no memory of their own: what was said to whom, until it is too old."""

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
    sa.Column("replaces", _Counter),
    sa.Column("reply", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.UniqueConstraint("channel", "key"),
    sa.Index(None, "channel", "tenant", "post_id"),
    sqlite_autoincrement=True,  # a number is never used again: readers ask for what is newer than the last they saw
)
