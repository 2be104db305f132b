"""An install under way: bound to one browser, good once, for ten minutes."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from slack_app.installing.tables import slack_installs_begun as table
from storage import Tx, now

LIFE = timedelta(minutes=10)
MOST = 1_000
"""How many may be under way at once: anybody may begin one."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Begun:
    """`state` goes through the address bar and Slack, `secret` stays in a cookie of the browser that began."""

    state: str = field(repr=False)
    secret: str = field(repr=False)


def too_many(tx: Tx) -> bool:
    """Whether no more may begin for now: a look that locks nothing, since anybody can ask."""
    alive = sa.select(sa.func.count()).select_from(table).where(table.c.expires_at > now(tx))
    return bool(tx.execute(alive).scalar_one() >= MOST)


def begin(tx: Tx) -> Begun:
    """File a new one, and drop those whose time is over."""
    tx.change(sa.delete(table).where(table.c.expires_at <= now(tx)))
    begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    tx.add(table, state_hash=_hash(begun.state), browser_hash=_hash(begun.secret), expires_at=now(tx) + LIFE)
    return begun


def is_there(tx: Tx, state: str, secret: str) -> bool:
    """Whether `take` would find something: a look that locks nothing, for attempts that anybody can make."""
    return tx.execute(sa.select(table.c.expires_at).where(_mine(state, secret))).first() is not None


def take(tx: Tx, state: str, secret: str) -> bool:
    """Use up the install of this state and this browser; false when there is none (any more).

    Another browser's attempt uses nothing up: nobody spoils an install by guessing.
    """
    until = tx.execute(sa.select(table.c.expires_at).where(_mine(state, secret)).with_for_update()).scalar()
    return until is not None and tx.change(sa.delete(table).where(_mine(state, secret))) == 1 and until > now(tx)


def cookie_name(state: str) -> str:
    """Each install has a cookie of its own, for this host alone: two tabs do not disturb each other."""
    return f"__Host-loket-slack-{_hash(state)[:16]}"


def is_secret(value: str) -> bool:
    """Whether it could be one of ours, by its form."""
    return _SECRET.fullmatch(value) is not None


def _mine(state: str, secret: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.state_hash == _hash(state), table.c.browser_hash == _hash(secret))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
