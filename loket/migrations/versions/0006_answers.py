"""Owners' own answers beside policies: the kind of a document, what an answer rests on, and its other language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns of `policies`; documents that are there are policies."""
    kind = sa.Column("kind", sa.String(length=20), nullable=False, server_default="policy")
    rests_on = sa.Column("rests_on", sa.JSON(), nullable=False, server_default="[]")
    pair = sa.Column("pair", sa.String(length=200), nullable=False, server_default="")
    for column in (kind, rests_on, pair):
        op.add_column("policy_documents", column)


def downgrade() -> None:
    """Drop them."""
    for name in ("pair", "rests_on", "kind"):
        op.drop_column("policy_documents", name)
