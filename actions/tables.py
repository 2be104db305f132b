"""The tables of the ledger: actions, votes, envelopes, holds, switches and released rules."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("action_id", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("event_id", sa.String(200), nullable=False),
    sa.Column("conversation_id", sa.String(200), nullable=False, index=True),
    sa.Column("address", sa.JSON, nullable=False),
    sa.Column("tool", sa.String(100), nullable=False),
    sa.Column("tool_hash", sa.String(64), nullable=False),
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("requester_id", sa.String(64), nullable=False, index=True),
    sa.Column("subject_id", sa.String(64), nullable=False, index=True),
    sa.Column("account_id", sa.String(200)),
    sa.Column("tier", sa.String(12), nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("approvals_needed", sa.Integer, nullable=False),
    sa.Column("approver_groups", sa.JSON, nullable=False),
    sa.Column("proof_needed", sa.Boolean, nullable=False),
    sa.Column("proof_method", sa.String(20), nullable=False, default=""),
    sa.Column("proof_detail", sa.String(200), nullable=False, default=""),
    sa.Column("proof_at", Instant),
    sa.Column("proof_stamp", sa.String(120), nullable=False, default=""),
    sa.Column("confirm_stamp", sa.String(120), nullable=False, default=""),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("state", sa.String(24), nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("created_at", Instant, nullable=False, index=True),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("due_at", Instant, index=True),
    sa.Column("asked_at", Instant),
    sa.Column("reminded_at", Instant),
    sa.Column("escalated_at", Instant),
    sa.Column("taken_by", sa.String(64), nullable=False, default=""),
    sa.Column("taken_until", Instant),
    sa.Column("fencing", sa.String(64), nullable=False, default=""),
    sa.Column("claimed_at", Instant),
    sa.Column("reference", sa.String(200), nullable=False, default=""),
    sa.Column("result_address", sa.String(400), nullable=False, default=""),
    sa.Column("reason", sa.String(400), nullable=False, default=""),
    # While an action about a person's account is open this holds their id: one open card per subject, by constraint.
    sa.Column("open_subject", sa.String(64), unique=True),
)

votes = sa.Table(
    "votes",
    metadata,
    sa.Column("action_id", sa.String(64), sa.ForeignKey("actions.action_id"), primary_key=True),
    sa.Column("employee_id", sa.String(64), primary_key=True),
    sa.Column("verdict", sa.String(10), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False, default=""),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("braked", sa.Boolean, nullable=False),
    sa.Column("stamp", sa.String(120), nullable=False),
    sa.Column("origin", sa.String(60), nullable=False),
)

envelopes = sa.Table(
    "envelopes",
    metadata,
    sa.Column("envelope_id", sa.String(120), primary_key=True),
    sa.Column("action_id", sa.String(64), sa.ForeignKey("actions.action_id"), nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("road", sa.String(20), nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("key_id", sa.String(40), nullable=False, default=""),
    sa.Column("nonce", sa.LargeBinary),
    sa.Column("ciphertext", sa.LargeBinary),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("employee_id", sa.String(64), primary_key=True),
    sa.Column("until", Instant, nullable=False),
    sa.Column("action_id", sa.String(64), nullable=False),
)

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("scope", sa.String(100), primary_key=True),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

rule_versions = sa.Table(
    "rule_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("action_id", sa.String(64), nullable=False, unique=True),
    sa.Column("released_at", Instant, nullable=False),
)
