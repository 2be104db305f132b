"""The tables of files that people sent along: what is known of each, its bytes while they wait, and its way outside.

Apart, because different roles may touch them: whoever takes messages in writes the first two and reads no bytes back;
the agent reads the first and nothing else; the executor alone opens bytes and says what became of them.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("file_id", sa.String(64), primary_key=True),
    sa.Column("event_id", sa.String(200), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("partition", sa.String(300), nullable=False, index=True),
    sa.Column("channel", sa.String(30), nullable=False),
    sa.Column("tenant", sa.String(100), nullable=False),
    sa.Column("user", sa.String(100), nullable=False),
    sa.Column("attachment_id", sa.String(200), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("media_type", sa.String(100), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("locator", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False, default=""),
    sa.Column("sha256", sa.String(64), nullable=False, default=""),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("due_at", Instant, index=True),
)
"""One row a file that is taken. `state`: `wanted` → `kept`, `failed` or `dropped`. `due_at` only while it is wanted."""

attachment_bytes = sa.Table(
    "attachment_bytes",
    metadata,
    sa.Column("file_id", sa.String(64), primary_key=True),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("nonce", sa.LargeBinary, nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)
"""Encrypted; gone once attached, or a day later."""

attachment_jobs = sa.Table(
    "attachment_jobs",
    metadata,
    sa.Column("file_id", sa.String(64), primary_key=True),
    sa.Column("action_id", sa.String(64), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False, default=""),
    sa.Column("begun_at", Instant, nullable=False, index=True),
    sa.Column("due_at", Instant, index=True),
)
"""One row a file of a filed ticket: a file goes into one ticket only. `state`: `waiting` ⇄ `attaching` → `attached` or
`failed`; `due_at` only before that. `attaching` is written before the effect: whoever finds it afterwards looks
outside, and never attaches again."""
