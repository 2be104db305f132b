"""Files that people sent along."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "attachments",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("partition", sa.String(length=300), nullable=False),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("user", sa.String(length=100), nullable=False),
        sa.Column("attachment_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_attachments")),
    )
    for column in ("at", "due_at", "event_id", "partition"):
        op.create_index(op.f(f"ix_attachments_{column}"), "attachments", [column])
    op.create_table(
        "attachment_bytes",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_attachment_bytes")),
    )
    op.create_index(op.f("ix_attachment_bytes_at"), "attachment_bytes", ["at"])
    op.create_table(
        "attachment_jobs",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("begun_at", Instant(timezone=True), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_attachment_jobs")),
    )
    for column in ("action_id", "begun_at", "due_at"):
        op.create_index(op.f(f"ix_attachment_jobs_{column}"), "attachment_jobs", [column])


def downgrade() -> None:
    """Drop them."""
    for table in ("attachment_jobs", "attachment_bytes", "attachments"):
        op.drop_table(table)
