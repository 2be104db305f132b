"""The workspaces that installed the Slack app, and installs under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "slack_installations",
        sa.Column("tenant", sa.String(length=30), nullable=False),
        sa.Column("enterprise", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("bot_user", sa.String(length=30), nullable=False),
        sa.Column("org_wide", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installed_by", sa.String(length=30), nullable=False),
        sa.Column("installed_at", Instant(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("edition", sa.String(length=32), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=True),
        sa.Column("refreshing_until", Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_slack_installations")),
    )
    op.create_table(
        "slack_installs_begun",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_slack_installs_begun")),
    )
    op.create_index(op.f("ix_slack_installs_begun_expires_at"), "slack_installs_begun", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("slack_installs_begun")
    op.drop_table("slack_installations")
