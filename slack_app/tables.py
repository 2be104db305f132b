"""The tables of the Slack channel: threads that go on without a mention, and answers that are shown while they grow."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

slack_threads = sa.Table(
    "slack_threads",
    metadata,
    sa.Column("tenant", sa.String(30), primary_key=True),
    sa.Column("room", sa.String(30), primary_key=True),
    sa.Column("thread", sa.String(30), primary_key=True),
    sa.Column("user", sa.String(30), primary_key=True),
    sa.Column("at", Instant, nullable=False, index=True),
)
"""Who talks with the desk in which thread of a shared room: their further messages there need no mention."""

slack_streams = sa.Table(
    "slack_streams",
    metadata,
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("tenant", sa.String(30), nullable=False),
    sa.Column("room", sa.String(30), nullable=False),
    sa.Column("thread", sa.String(30), nullable=False),
    sa.Column("ts", sa.String(30), nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)
"""An answer that Slack shows as being written: whoever delivers it finishes this post instead of making another."""
