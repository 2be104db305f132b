"""Signing in: sign-ins under way, signed-in browsers, and links on cards that lead to the page of proof."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables, and what an action says about proof."""
    op.create_table(
        "sign_ins",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("begun_at", Instant(timezone=True), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_expires_at"), "sign_ins", ["expires_at"])
    op.create_table(
        "web_sessions",
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("signed_in_at", Instant(timezone=True), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_employee_id"), "web_sessions", ["employee_id"])
    op.create_index(op.f("ix_web_sessions_expires_at"), "web_sessions", ["expires_at"])
    op.create_table(
        "proof_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_proof_links")),
    )
    op.create_index(op.f("ix_proof_links_action_id"), "proof_links", ["action_id"])
    op.create_index(op.f("ix_proof_links_expires_at"), "proof_links", ["expires_at"])
    proofs = sa.Column("proofs", sa.String(length=40), server_default="code callback", nullable=False)
    op.add_column("actions", proofs)
    op.add_column("actions", sa.Column("link_page", sa.String(length=300), server_default="", nullable=False))
    op.add_column("actions", sa.Column("link_until", Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for column in ("link_until", "link_page", "proofs"):
        op.drop_column("actions", column)
    for table in ("proof_links", "web_sessions", "sign_ins"):
        op.drop_table(table)
