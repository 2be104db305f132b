"""Answers to forms that are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "tool_answers",
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("tool", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_tool_answers")),
    )
    for column in ("tool", "employee_id", "at"):
        op.create_index(op.f(f"ix_tool_answers_{column}"), "tool_answers", [column])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("tool_answers")
