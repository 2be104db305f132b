"""Tools that admins bring in: versions, checks, releases, and the count of uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "tool_versions",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("drafted_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "number", name=op.f("pk_tool_versions")),
    )
    op.create_index(op.f("ix_tool_versions_drafted_at"), "tool_versions", ["drafted_at"])
    op.create_table(
        "tool_checks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "hash", name=op.f("pk_tool_checks")),
    )
    op.create_index(op.f("ix_tool_checks_at"), "tool_checks", ["at"])
    op.create_table(
        "tool_releases",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("action_id", sa.String(length=120), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_tool_releases")),
        sa.UniqueConstraint("action_id", name=op.f("uq_tool_releases_action_id")),
    )
    op.create_index(op.f("ix_tool_releases_name"), "tool_releases", ["name"])
    op.create_table(
        "tool_uses",
        sa.Column("tool", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("begins", Instant(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tool", "employee_id", "begins", name=op.f("pk_tool_uses")),
    )
    op.create_index(op.f("ix_tool_uses_begins"), "tool_uses", ["begins"])


def downgrade() -> None:
    """Drop them."""
    for table in ("tool_uses", "tool_releases", "tool_checks", "tool_versions"):
        op.drop_table(table)
