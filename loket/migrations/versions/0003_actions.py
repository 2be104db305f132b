"""The ledger: actions, votes, envelopes, holds, switches, rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import storage.engine

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of `actions`."""
    op.create_table(
        "actions",
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("conversation_id", sa.String(length=200), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("tool", sa.String(length=100), nullable=False),
        sa.Column("tool_hash", sa.String(length=64), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("requester_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=200), nullable=True),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("approver_groups", sa.JSON(), nullable=False),
        sa.Column("proof_needed", sa.Boolean(), nullable=False),
        sa.Column("proof_method", sa.String(length=20), nullable=False),
        sa.Column("proof_detail", sa.String(length=200), nullable=False),
        sa.Column("proof_at", storage.engine.Instant(timezone=True), nullable=True),
        sa.Column("proof_stamp", sa.String(length=120), nullable=False),
        sa.Column("confirm_stamp", sa.String(length=120), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("created_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("due_at", storage.engine.Instant(timezone=True), nullable=True),
        sa.Column("asked_at", storage.engine.Instant(timezone=True), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=False),
        sa.Column("taken_until", storage.engine.Instant(timezone=True), nullable=True),
        sa.Column("fencing", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", storage.engine.Instant(timezone=True), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("result_address", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("open_subject", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_actions")),
        sa.UniqueConstraint("open_subject", name=op.f("uq_actions_open_subject")),
    )
    op.create_index(op.f("ix_actions_conversation_id"), "actions", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_actions_created_at"), "actions", ["created_at"], unique=False)
    op.create_index(op.f("ix_actions_due_at"), "actions", ["due_at"], unique=False)
    op.create_index(op.f("ix_actions_requester_id"), "actions", ["requester_id"], unique=False)
    op.create_index(op.f("ix_actions_state"), "actions", ["state"], unique=False)
    op.create_index(op.f("ix_actions_subject_id"), "actions", ["subject_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("until", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_holds")),
    )
    op.create_table(
        "rule_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("released_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("action_id", name=op.f("uq_rule_versions_action_id")),
    )
    op.create_table(
        "switches",
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("at", storage.engine.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_switches")),
    )
    op.create_table(
        "envelopes",
        sa.Column("envelope_id", sa.String(length=120), nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("road", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("due_at", storage.engine.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.action_id"], name=op.f("fk_envelopes_action_id_actions")),
        sa.PrimaryKeyConstraint("envelope_id", name=op.f("pk_envelopes")),
    )
    op.create_index(op.f("ix_envelopes_action_id"), "envelopes", ["action_id"], unique=False)
    op.create_index(op.f("ix_envelopes_state"), "envelopes", ["state"], unique=False)
    op.create_table(
        "votes",
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("at", storage.engine.Instant(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("braked", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.action_id"], name=op.f("fk_votes_action_id_actions")),
        sa.PrimaryKeyConstraint("action_id", "employee_id", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_at"), "votes", ["at"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_votes_at"), table_name="votes")
    op.drop_table("votes")
    op.drop_index(op.f("ix_envelopes_state"), table_name="envelopes")
    op.drop_index(op.f("ix_envelopes_action_id"), table_name="envelopes")
    op.drop_table("envelopes")
    op.drop_table("switches")
    op.drop_table("rule_versions")
    op.drop_table("holds")
    op.drop_index(op.f("ix_actions_subject_id"), table_name="actions")
    op.drop_index(op.f("ix_actions_state"), table_name="actions")
    op.drop_index(op.f("ix_actions_requester_id"), table_name="actions")
    op.drop_index(op.f("ix_actions_due_at"), table_name="actions")
    op.drop_index(op.f("ix_actions_created_at"), table_name="actions")
    op.drop_index(op.f("ix_actions_conversation_id"), table_name="actions")
    op.drop_table("actions")
