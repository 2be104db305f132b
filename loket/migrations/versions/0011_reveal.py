"""Credentials that are shown on a page: the link that leads to one, what the page asks, and who saw it when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns of envelopes, and an index that lets a link lead to one credential."""
    op.add_column("envelopes", sa.Column("token_hash", sa.String(length=64), nullable=True))
    op.add_column("envelopes", sa.Column("guard", sa.String(length=10), nullable=False, server_default=""))
    op.add_column("envelopes", sa.Column("link_until", Instant(timezone=True), nullable=True))
    op.add_column("envelopes", sa.Column("seen_at", Instant(timezone=True), nullable=True))
    op.add_column("envelopes", sa.Column("seen_by", sa.String(length=64), nullable=False, server_default=""))
    op.create_index(op.f("ix_envelopes_token_hash"), "envelopes", ["token_hash"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_envelopes_token_hash"), "envelopes")
    for name in ("seen_by", "seen_at", "link_until", "guard", "token_hash"):
        op.drop_column("envelopes", name)
