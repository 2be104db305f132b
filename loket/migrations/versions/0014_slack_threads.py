"""Threads of Slack in which somebody talks with the desk, and answers that are shown while they grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "slack_threads",
        sa.Column("tenant", sa.String(length=30), nullable=False),
        sa.Column("room", sa.String(length=30), nullable=False),
        sa.Column("thread", sa.String(length=30), nullable=False),
        sa.Column("user", sa.String(length=30), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "room", "thread", "user"),
    )
    op.create_index(op.f("ix_slack_threads_at"), "slack_threads", ["at"])
    op.create_table(
        "slack_streams",
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=30), nullable=False),
        sa.Column("room", sa.String(length=30), nullable=False),
        sa.Column("thread", sa.String(length=30), nullable=False),
        sa.Column("ts", sa.String(length=30), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(op.f("ix_slack_streams_at"), "slack_streams", ["at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("slack_streams")
    op.drop_table("slack_threads")
