"""The tables of installing: the workspaces we are in, and installs under way."""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

slack_installations = sa.Table(
    "slack_installations",
    metadata,
    sa.Column("tenant", sa.String(30), primary_key=True),
    sa.Column("enterprise", sa.String(30), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("bot_user", sa.String(30), nullable=False),
    sa.Column("org_wide", sa.Boolean, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("installed_by", sa.String(30), nullable=False),
    sa.Column("installed_at", Instant, nullable=False),
    # Both tokens, encrypted together. `edition` changes with them: whoever refreshes knows what they refresh.
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("nonce", sa.LargeBinary, nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.Column("edition", sa.String(32), nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("refreshing_until", Instant),
)
"""One workspace (`T…`), or one organisation of Enterprise Grid (`E…`) that installed us for all of its workspaces."""

slack_installs_begun = sa.Table(
    "slack_installs_begun",
    metadata,
    sa.Column("state_hash", sa.String(64), primary_key=True),
    sa.Column("browser_hash", sa.String(64), nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
"""An install under way: the hashes of its `state` and of the secret in the cookie of the browser that began it."""
