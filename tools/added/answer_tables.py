"""The table of answers to forms that are kept here, one row for each form that somebody filled in."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

tool_answers = sa.Table(
    "tool_answers",
    metadata,
    # The id of the action that kept it: the same action twice is one row.
    sa.Column("action_id", sa.String(64), primary_key=True),
    sa.Column("tool", sa.String(64), nullable=False, index=True),
    sa.Column("employee_id", sa.String(64), nullable=False, index=True),
    sa.Column("answers", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)
