"""Fresh sign-ins of approvers: links to approve with, and what a vote was cast with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table; a column of the actions, and three of the votes. What is open keeps what it was asked with."""
    op.create_table(
        "approval_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("callback", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("expires_at", Instant(timezone=True), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("acr", sa.String(length=100), nullable=False),
        sa.Column("identity", sa.String(length=600), nullable=False),
        sa.Column("signed_at", Instant(timezone=True), nullable=True),
        sa.Column("stamp", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_approval_links")),
    )
    for column in ("action_id", "expires_at"):
        op.create_index(op.f(f"ix_approval_links_{column}"), "approval_links", [column])
    asked: sa.Column[bool] = sa.Column("approvers_sign_in", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("actions", asked)
    op.add_column("votes", sa.Column("method", sa.String(length=20), server_default="", nullable=False))
    op.add_column("votes", sa.Column("acr", sa.String(length=100), server_default="", nullable=False))
    op.add_column("votes", sa.Column("signed_at", Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Take them away again."""
    for column in ("signed_at", "acr", "method"):
        op.drop_column("votes", column)
    op.drop_column("actions", "approvers_sign_in")
    op.drop_table("approval_links")
