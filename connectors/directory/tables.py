"""Which account of a channel is which employee, where people showed it themselves; and the links with which they do.

Of links and of the codes that report one there are hashes only: reading them opens nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage import Instant, metadata

identity_links = sa.Table(
    "identity_links",
    metadata,
    sa.Column("channel", sa.String(30), primary_key=True),
    sa.Column("tenant", sa.String(100), primary_key=True),
    sa.Column("user", sa.String(100), primary_key=True),
    sa.Column("employee_id", sa.String(64), nullable=False, index=True),
    sa.Column("way", sa.String(12), nullable=False),
    sa.Column("shown_as", sa.String(200), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("not_me_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=False, index=True),
    sa.Column("checked_at", Instant, nullable=False, index=True),
)
"""One account is one employee; an employee may have several accounts. A row that ends goes: the audit keeps it."""

link_offers = sa.Table(
    "link_offers",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("channel", sa.String(30), nullable=False),
    sa.Column("tenant", sa.String(100), nullable=False),
    sa.Column("user", sa.String(100), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("workspace", sa.String(200), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
    sa.Column("spent", sa.Boolean, nullable=False),
    sa.Index(None, "channel", "tenant", "user"),
)
"""Links to our page that were given to strangers. A spent one stays for a day, so that it counts in the limit."""
