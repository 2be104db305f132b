"""Who a channel identity is, where people or admins said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables: the links, and what was offered to strangers."""
    op.create_table(
        "identity_links",
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("user", sa.String(length=100), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("shown_as", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("not_me_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.Column("used_at", Instant(timezone=True), nullable=False),
        sa.Column("checked_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "tenant", "user", name=op.f("pk_identity_links")),
        sa.UniqueConstraint("not_me_hash", name=op.f("uq_identity_links_not_me_hash")),
    )
    for column in ("employee_id", "used_at", "checked_at"):
        op.create_index(op.f(f"ix_identity_links_{column}"), "identity_links", [column])
    op.create_table(
        "link_offers",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("tenant", sa.String(length=100), nullable=False),
        sa.Column("user", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("workspace", sa.String(length=200), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.Column("spent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_link_offers")),
    )
    op.create_index(op.f("ix_link_offers_expires_at"), "link_offers", ["expires_at"])
    op.create_index(
        op.f("ix_link_offers_channel_link_offers_tenant_link_offers_user"), "link_offers", ["channel", "tenant", "user"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("link_offers")
    op.drop_table("identity_links")
