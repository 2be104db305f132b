"""The service: who works, reminders and escalation of actions, posts of channels without a memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Two tables and the columns that the sweeps look at."""
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(timezone=True), nullable=False),
        sa.Column("beat_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "posts",
        sa.Column("post_id", _Counter, nullable=False, autoincrement=True),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("room", sa.String(length=200), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("replaces", _Counter, nullable=True),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_posts")),
        sa.UniqueConstraint("channel", "key", name=op.f("uq_posts_channel_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_posts_channel_posts_tenant_posts_post_id"), "posts", ["channel", "tenant", "post_id"])
    op.create_index(op.f("ix_posts_at"), "posts", ["at"])
    for name in ("reminded_at", "escalated_at"):
        op.add_column("actions", sa.Column(name, Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for name in ("escalated_at", "reminded_at"):
        op.drop_column("actions", name)
    op.drop_table("posts")
    op.drop_table("workers")
