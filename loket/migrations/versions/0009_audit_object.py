"""Audit rows by what they are about: the claim asks whether an action ran before."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_audit_object"), "audit", ["object"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_audit_object"), "audit")
