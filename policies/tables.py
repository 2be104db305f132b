"""The tables of this package: documents and passages are the truth, the indexes are made from them."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine import Instant, metadata

documents = sa.Table(
    "policy_documents",
    metadata,
    sa.Column("document_key", sa.String(32), primary_key=True),
    sa.Column("collection", sa.String(100), nullable=False, index=True),
    sa.Column("path", sa.String(1000), nullable=False, index=True),
    sa.Column("document_id", sa.String(200), nullable=False, default=""),
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("address", sa.String(2000), nullable=False, default=""),
    sa.Column("owner", sa.String(300), nullable=False, default=""),
    sa.Column("contact", sa.String(300), nullable=False, default=""),
    sa.Column("audience", sa.JSON, nullable=False),
    sa.Column("applies_to", sa.JSON, nullable=False),
    sa.Column("language", sa.String(12), nullable=False),
    sa.Column("effective_from", sa.Date),
    sa.Column("effective_until", sa.Date),
    sa.Column("supersedes", sa.JSON, nullable=False),
    sa.Column("authority", sa.String(20), nullable=False),
    sa.Column("questions", sa.JSON, nullable=False),
    sa.Column("keywords", sa.JSON, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False, server_default="policy"),
    sa.Column("rests_on", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("pair", sa.String(200), nullable=False, server_default=""),
    sa.Column("source_hash", sa.String(64), nullable=False),
    sa.Column("ingested_at", Instant, nullable=False),
)

passages = sa.Table(
    "policy_passages",
    metadata,
    sa.Column("passage_id", sa.String(32), primary_key=True),
    sa.Column(
        "document_key", sa.String(32), sa.ForeignKey("policy_documents.document_key"), nullable=False, index=True
    ),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("partition", sa.String(16), nullable=False, index=True),
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("heading_path", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("questions", sa.JSON, nullable=False),
)

glossary = sa.Table(
    "policy_glossary",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("term", sa.String(200), primary_key=True),
    sa.Column("words", sa.JSON, nullable=False),
)

# One row. `version` grows with every change, so that other processes see it; `generation` names the index folders in
# use; `busy` is set while the indexes are being changed: found set at the start, the last change was interrupted.
index_state = sa.Table(
    "policy_index",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("recipe", sa.String(300), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("busy", sa.Boolean, nullable=False),
)

# One version of one document, as it is in force or would be: `body` is canonical JSON, `revision` its SHA-256. Written
# once, never changed; several versions of a collection share it.
revisions = sa.Table(
    "policy_revisions",
    metadata,
    sa.Column("revision", sa.String(64), primary_key=True),
    sa.Column("document_key", sa.String(32), nullable=False, index=True),
    sa.Column("source_hash", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)

# One version of a whole collection: a draft until it is published. `hash` covers its documents and its glossary, `base`
# is the same hash of what was in force when it was drafted. Written once, never changed.
versions = sa.Table(
    "policy_versions",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("base", sa.String(64), nullable=False),
    sa.Column("glossary", sa.JSON, nullable=False),
    sa.Column("unseen", sa.JSON, nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("origin", sa.String(60), nullable=False),
    sa.Column("drafted_at", Instant, nullable=False, index=True),
)

version_documents = sa.Table(
    "policy_version_documents",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document_key", sa.String(32), primary_key=True),
    sa.Column("revision", sa.String(64), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False, index=True),
)

# Only ever added to, one after the other without gaps: which version came in force when, by which approved action.
publications = sa.Table(
    "policy_publications",
    metadata,
    sa.Column("edition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(100), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("action_id", sa.String(120), nullable=False, unique=True),
    sa.Column("at", Instant, nullable=False),
)
