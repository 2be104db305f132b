"""Documents, passages and the state of the indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import storage.engine

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of `policies`."""
    op.create_table(
        "policy_documents",
        sa.Column("document_key", sa.String(length=32), nullable=False),
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("document_id", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("contact", sa.String(length=300), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("applies_to", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_until", sa.Date(), nullable=True),
        sa.Column("supersedes", sa.JSON(), nullable=False),
        sa.Column("authority", sa.String(length=20), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("ingested_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_key", name=op.f("pk_policy_documents")),
    )
    op.create_index(op.f("ix_policy_documents_collection"), "policy_documents", ["collection"], unique=False)
    op.create_index(op.f("ix_policy_documents_path"), "policy_documents", ["path"], unique=False)
    op.create_table(
        "policy_glossary",
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "term", name=op.f("pk_policy_glossary")),
    )
    op.create_table(
        "policy_index",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("recipe", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("busy", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_policy_index")),
    )
    op.create_table(
        "policy_passages",
        sa.Column("passage_id", sa.String(length=32), nullable=False),
        sa.Column("document_key", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("partition", sa.String(length=16), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("heading_path", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_key"],
            ["policy_documents.document_key"],
            name=op.f("fk_policy_passages_document_key_policy_documents"),
        ),
        sa.PrimaryKeyConstraint("passage_id", name=op.f("pk_policy_passages")),
    )
    op.create_index(op.f("ix_policy_passages_document_key"), "policy_passages", ["document_key"], unique=False)
    op.create_index(op.f("ix_policy_passages_partition"), "policy_passages", ["partition"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_policy_passages_partition"), table_name="policy_passages")
    op.drop_index(op.f("ix_policy_passages_document_key"), table_name="policy_passages")
    op.drop_table("policy_passages")
    op.drop_table("policy_index")
    op.drop_table("policy_glossary")
    op.drop_index(op.f("ix_policy_documents_path"), table_name="policy_documents")
    op.drop_index(op.f("ix_policy_documents_collection"), table_name="policy_documents")
    op.drop_table("policy_documents")
