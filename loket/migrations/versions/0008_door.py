"""The door: where in a conversation a post belongs, and what was answered to a click that may come twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns of posts, an index for what replaces them, and a table of calls."""
    op.add_column("posts", sa.Column("thread", sa.String(length=200), nullable=True))
    op.add_column("posts", sa.Column("place", sa.String(length=10), server_default="direct", nullable=False))
    op.create_index(op.f("ix_posts_replaces"), "posts", ["replaces"])
    op.create_table(
        "door_calls",
        sa.Column("call_id", sa.String(length=200), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_door_calls")),
    )
    op.create_index(op.f("ix_door_calls_at"), "door_calls", ["at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("door_calls")
    op.drop_index(op.f("ix_posts_replaces"), "posts")
    op.drop_column("posts", "place")
    op.drop_column("posts", "thread")
