"""The tables of added tools: their versions, what a check said, what was released when, how often each is used."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

tool_versions = sa.Table(
    "tool_versions",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("origin", sa.String(60), nullable=False),
    sa.Column("drafted_at", Instant, nullable=False, index=True),
)
"""Written once, never changed: a correction is the next number."""

tool_checks = sa.Table(
    "tool_checks",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("by", sa.String(120), nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)
"""The newest result for exactly this document."""

tool_releases = sa.Table(
    "tool_releases",
    metadata,
    # One after the other, without gaps: whoever sees that the highest number is the one it knows has missed nothing.
    sa.Column("edition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("act", sa.String(12), nullable=False),
    sa.Column("audience", sa.JSON, nullable=False),
    sa.Column("action_id", sa.String(120), nullable=False, unique=True),
    sa.Column("at", Instant, nullable=False),
)
"""Only ever added to. What is in force follows from all rows of a name, in order (`tools.added.versions`)."""

tool_uses = sa.Table(
    "tool_uses",
    metadata,
    sa.Column("tool", sa.String(64), primary_key=True),
    sa.Column("employee_id", sa.String(64), primary_key=True),
    sa.Column("begins", Instant, primary_key=True, index=True),
    sa.Column("times", sa.Integer, nullable=False),
)
"""How often somebody used a tool that has a limit, in the minute, hour or day that begins then."""
