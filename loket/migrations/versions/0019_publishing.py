"""Versions of policies: what each document was, what is drafted, and what was published when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables. What is in force stays as it is; it is kept as a version when the first draft is made beside it."""
    op.create_table(
        "policy_revisions",
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("document_key", sa.String(length=32), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_policy_revisions")),
    )
    _index("policy_revisions", "document_key", "at")
    op.create_table(
        "policy_versions",
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("glossary", sa.JSON(), nullable=False),
        sa.Column("unseen", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("drafted_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("collection", "number", name=op.f("pk_policy_versions")),
    )
    _index("policy_versions", "drafted_at")
    op.create_table(
        "policy_version_documents",
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_key", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("collection", "number", "document_key", name=op.f("pk_policy_version_documents")),
    )
    _index("policy_version_documents", "revision", "at")
    op.create_table(
        "policy_publications",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("action_id", sa.String(length=120), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_policy_publications")),
        sa.UniqueConstraint("action_id", name=op.f("uq_policy_publications_action_id")),
    )
    _index("policy_publications", "collection")


def downgrade() -> None:
    """Drop them; what is in force stays."""
    for table in ("policy_publications", "policy_version_documents", "policy_versions", "policy_revisions"):
        op.drop_table(table)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
