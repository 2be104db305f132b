"""Which post of a channel an exchange hangs under: an answer in its thread goes on with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column, and an index of those messages that have one."""
    op.add_column("messages", sa.Column("anchor", sa.String(length=120), nullable=False, server_default=""))
    some = sa.text("anchor != ''")
    op.create_index(
        "ix_messages_employee_id_anchor",
        "messages",
        ["employee_id", "anchor"],
        sqlite_where=some,
        postgresql_where=some,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_messages_employee_id_anchor", "messages")
    op.drop_column("messages", "anchor")
