"""The tables of the conversation: what came in, how each turn ended, what was said, thought of it, and what it cost."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("partition", sa.String(300), nullable=False, index=True),
    sa.Column("message", sa.JSON, nullable=False),
    sa.Column("received_at", Instant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("state", sa.String(12), nullable=False, default="waiting", index=True),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("conversation_id", sa.String(36), nullable=False, index=True),
    sa.Column("employee_id", sa.String(60), nullable=False),
    sa.Column("channel", sa.String(30), nullable=False),
    sa.Column("outcome", sa.String(30), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("model", sa.String(80), nullable=False),
    sa.Column("ms", sa.Integer, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_turns_employee_id_at", "employee_id", "at"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("conversation_id", sa.String(36), nullable=False, index=True),
    sa.Column("employee_id", sa.String(60), nullable=False, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("citations", sa.JSON, nullable=False),
    sa.Column("event_id", sa.String(200), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("anchor", sa.String(120), nullable=False, server_default=""),
)
sa.Index(
    "ix_messages_employee_id_anchor",
    messages.c.employee_id,
    messages.c.anchor,
    sqlite_where=messages.c.anchor != "",
    postgresql_where=messages.c.anchor != "",
)  # only of messages that have one: elsewhere it costs nothing

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.String(36), primary_key=True),
    sa.Column("employee_id", sa.String(60), nullable=False),
    sa.Column("place", sa.String(300), nullable=False),
    sa.Column("channel", sa.String(30), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Index("ix_conversations_employee_id_place", "employee_id", "place"),
)

spend = sa.Table(
    "spend",
    metadata,
    sa.Column("employee_id", sa.String(60), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("turns", sa.Integer, nullable=False, default=0),
    sa.Column("model_calls", sa.Integer, nullable=False, default=0),
    sa.Column("tokens", sa.Integer, nullable=False, default=0),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("employee_id", sa.String(60), nullable=False),
    sa.Column("good", sa.Boolean, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)
