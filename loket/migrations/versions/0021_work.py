"""The work that several processes share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table. What waits in DBOS's queue by then is found by the sweep in the inbox and the ledger."""
    op.create_table(
        "work",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("work_id", sa.String(length=200), nullable=False),
        sa.Column("partition", sa.String(length=300), nullable=False),
        sa.Column("worker", sa.String(length=100), server_default="", nullable=False),
        sa.Column("claim", sa.Integer(), server_default="0", nullable=False),
        sa.Column("again", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_work")),
        sa.UniqueConstraint("queue", "work_id", name=op.f("uq_work_queue_work_id")),
    )
    op.create_index("ix_work_partition", "work", ["queue", "partition", "place"])
    op.create_index(
        "ix_work_waiting",
        "work",
        ["queue", "place"],
        sqlite_where=sa.text("worker = ''"),
        postgresql_where=sa.text("worker = ''"),
    )
    op.create_index(
        "ux_work_running",
        "work",
        ["queue", "partition"],
        unique=True,
        sqlite_where=sa.text("worker != ''"),
        postgresql_where=sa.text("worker != ''"),
    )


def downgrade() -> None:
    """Take it away again: nothing is lost, the sweep finds what waits."""
    op.drop_table("work")
