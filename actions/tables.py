"""The tables of the ledger: actions, links to prove identity or approve, votes, envelopes, holds, switches, rules."""

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
    # What may prove identity, words with spaces between; and until when a link to sign in may be given, and where to.
    sa.Column("proofs", sa.String(40), nullable=False, default="code callback", server_default="code callback"),
    sa.Column("link_page", sa.String(300), nullable=False, default="", server_default=""),
    sa.Column("link_until", Instant),
    # Whether its approvers have to sign in anew. Like all of the row this can only ask for more than the rules do.
    sa.Column("approvers_sign_in", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    # While an action about a person's account is open this holds their id: one open card per subject, by constraint.
    sa.Column("open_subject", sa.String(64), unique=True),
)

proof_links = sa.Table(
    "proof_links",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("action_id", sa.String(64), nullable=False, index=True),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# What an approver gets instead of a vote, where they have to sign in first; `stamp` is on every word of the row.
approval_links = sa.Table(
    "approval_links",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("action_id", sa.String(64), nullable=False, index=True),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("employee_id", sa.String(64), nullable=False),
    sa.Column("callback", sa.String(200), nullable=False, default=""),
    sa.Column("origin", sa.String(60), nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
    # Once they have signed in for it: in which browser (its secret's hash), how, as whom there, and when.
    sa.Column("browser_hash", sa.String(64), nullable=False, default=""),
    sa.Column("method", sa.String(20), nullable=False, default=""),
    sa.Column("acr", sa.String(100), nullable=False, default=""),
    sa.Column("identity", sa.String(600), nullable=False, default=""),
    sa.Column("signed_at", Instant),
    sa.Column("stamp", sa.String(120), nullable=False),
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
    # How, by what word of the provider and when this person signed in for this vote; empty where it was not asked.
    sa.Column("method", sa.String(20), nullable=False, default="", server_default=""),
    sa.Column("acr", sa.String(100), nullable=False, default="", server_default=""),
    sa.Column("signed_at", Instant),
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
    # A credential that is shown on a page: the hash of the newest link, what the page asks, and who saw it.
    sa.Column("token_hash", sa.String(64), index=True, unique=True),
    sa.Column("guard", sa.String(10), nullable=False, default="", server_default=""),
    sa.Column("link_until", Instant),
    sa.Column("seen_at", Instant),
    sa.Column("seen_by", sa.String(64), nullable=False, default="", server_default=""),
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
