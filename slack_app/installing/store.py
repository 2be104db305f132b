"""Installations in our database: who installed us, with both tokens encrypted."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from slack_app.installing.tables import slack_installations as table
from storage import Tx, now
from storage.keys import KeyRing

KEY_FILE = "slack-tokens.key"
"""The name of the key ring's file in the folder of keys."""
_NONE = SecretStr("")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Slack gave. `seconds`: how long `access` works; 0 for one that works until it is revoked."""

    access: SecretStr
    refresh: SecretStr = _NONE
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Installed:
    """One installation without its tokens. `tenant` is the workspace, or the organisation where `org_wide`."""

    tenant: str
    enterprise: str
    name: str
    bot_user: str
    org_wide: bool
    scopes: frozenset[str]
    installed_by: str


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation as it is kept. `seconds_left`: how long its access token still works, None for always."""

    about: Installed
    tokens: Tokens
    installed_at: datetime
    expires_at: datetime | None
    seconds_left: float | None
    edition: str


def put(tx: Tx, keys: KeyRing, about: Installed, tokens: Tokens) -> None:
    """Keep an installation; one that is there is replaced, its tokens with it."""
    values: dict[str, Any] = {
        "enterprise": about.enterprise,
        "name": about.name,
        "bot_user": about.bot_user,
        "org_wide": about.org_wide,
        "scopes": " ".join(sorted(about.scopes)),
        "installed_by": about.installed_by,
        "installed_at": now(tx),
        "refreshing_until": None,
        **_sealed(tx, keys, about.tenant, tokens),
    }
    tx.put(table, replaces=tuple(values), tenant=about.tenant, **values)


def get(tx: Tx, keys: KeyRing, tenant: str) -> Installation | None:
    """The installation of a workspace or organisation. Raises `SealBroken` for tokens of another key."""
    row = tx.execute(sa.select(table).where(table.c.tenant == tenant)).first()
    if row is None:
        return None
    held = json.loads(keys.open(row.key_id, row.nonce, row.ciphertext, _context(tenant)))
    left = None if row.expires_at is None else (row.expires_at - now(tx)).total_seconds()
    tokens = Tokens(SecretStr(held["access"]), SecretStr(held["refresh"]))
    return Installation(_about(row), tokens, row.installed_at, row.expires_at, left, row.edition)


def exists(tx: Tx, tenant: str) -> bool:
    """Whether this workspace or organisation has an installation of its own."""
    return tx.execute(sa.select(table.c.tenant).where(table.c.tenant == tenant)).first() is not None


def listed(tx: Tx) -> list[tuple[Installed, datetime]]:
    """All installations and when they were made, without their tokens."""
    rows = tx.execute(sa.select(table).order_by(table.c.tenant))
    return [(_about(row), row.installed_at) for row in rows]


def org_wide(tx: Tx) -> list[str]:
    """The organisations that installed us for all of their workspaces."""
    return list(tx.execute(sa.select(table.c.tenant).where(table.c.org_wide)).scalars())


def claim(tx: Tx, tenant: str, edition: str, life: timedelta) -> bool:
    """Become the only one who refreshes this edition of the tokens, for so long; false when another is."""
    free = sa.or_(table.c.refreshing_until.is_(None), table.c.refreshing_until <= now(tx))
    mine = sa.and_(table.c.tenant == tenant, table.c.edition == edition, free)
    return tx.change(sa.update(table).where(mine).values(refreshing_until=now(tx) + life)) == 1


def renew(tx: Tx, keys: KeyRing, tenant: str, edition: str, tokens: Tokens) -> bool:
    """Put fresh tokens in the place of this edition; false when somebody installed or removed meanwhile."""
    values = {**_sealed(tx, keys, tenant, tokens), "refreshing_until": None}
    mine = sa.and_(table.c.tenant == tenant, table.c.edition == edition)
    return tx.change(sa.update(table).where(mine).values(**values)) == 1


def remove(tx: Tx, tenant: str, edition: str | None = None) -> bool:
    """Forget an installation and its tokens; with an `edition` only if it is still that one."""
    mine = table.c.tenant == tenant
    if edition is not None:
        mine = sa.and_(mine, table.c.edition == edition)
    return tx.change(sa.delete(table).where(mine)) == 1


def _about(row: sa.Row[Any]) -> Installed:
    scopes = frozenset(row.scopes.split())
    return Installed(row.tenant, row.enterprise, row.name, row.bot_user, row.org_wide, scopes, row.installed_by)


def _sealed(tx: Tx, keys: KeyRing, tenant: str, tokens: Tokens) -> dict[str, Any]:
    held = {"access": tokens.access.get_secret_value(), "refresh": tokens.refresh.get_secret_value()}
    key_id, nonce, ciphertext = keys.seal(json.dumps(held).encode(), _context(tenant))
    expires = now(tx) + timedelta(seconds=tokens.seconds) if tokens.seconds else None
    return {
        "key_id": key_id,
        "nonce": nonce,
        "ciphertext": ciphertext,
        "edition": secrets.token_hex(16),
        "expires_at": expires,
    }


def _context(tenant: str) -> bytes:
    """A row's tokens open in that row alone."""
    return f"slack_installations:{tenant}".encode()
