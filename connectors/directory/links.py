"""The rows of links between accounts of channels and employees: found, made, kept in use, ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.directory.tables import identity_links
from core.people import ChannelIdentity, Employee
from storage import Tx, now

LINKABLE = frozenset({"slack", "teams"})
"""Channels whose accounts can be linked. Never a sign-in (`oidc`) or a shell: a link would then be a key to both."""

_C = identity_links.c
_THIS = sa.and_(
    _C.channel == sa.bindparam("c"), _C.tenant == sa.bindparam("t"), _C.user == sa.bindparam("u")
)  # Building a statement costs as much as running it: that of every message is built once.
_EMPLOYEE = sa.select(_C.employee_id).where(_THIS)
_ONE = sa.select(identity_links).where(_THIS)


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """One account and whose it is. `way`: `sign_in`, `email` or `admin`. `shown_as` is what the channel called it,
    `language` the employee's own."""

    identity: ChannelIdentity
    employee_id: str
    way: str
    shown_as: str
    language: str
    made_at: datetime
    used_at: datetime


def employee_of(tx: Tx, identity: ChannelIdentity) -> str | None:
    """Whose account this is: one read by the primary key."""
    employee_id: str | None = tx.execute(_EMPLOYEE, _key(identity)).scalar()
    return employee_id


def find(tx: Tx, identity: ChannelIdentity) -> IdentityLink | None:
    """The link of an account."""
    row = tx.execute(_ONE, _key(identity)).first()
    return _read(row) if row else None


def of_employee(tx: Tx, employee_id: str) -> Sequence[IdentityLink]:
    """The accounts of one employee."""
    return _all(tx, sa.select(identity_links).where(_C.employee_id == employee_id))


def every(tx: Tx, limit: int = 100_000) -> Sequence[IdentityLink]:
    """All of them, by employee."""
    return _all(tx, sa.select(identity_links).limit(limit))


def by_code(tx: Tx, code: str) -> IdentityLink | None:
    """The link whose notice carried this code."""
    row = tx.execute(sa.select(identity_links).where(_C.not_me_hash == hashed(code))).first()
    return _read(row) if row else None


def unused_since(tx: Tx, moment: datetime, limit: int) -> Sequence[IdentityLink]:
    """Those that nobody has used since then, the longest first."""
    rows = tx.execute(sa.select(identity_links).where(_C.used_at < moment).order_by(_C.used_at).limit(limit))
    return [_read(row) for row in rows]


def unchecked_since(tx: Tx, moment: datetime, limit: int) -> Sequence[IdentityLink]:
    """Those whose employee was not looked up since then, the longest first."""
    rows = tx.execute(sa.select(identity_links).where(_C.checked_at < moment).order_by(_C.checked_at).limit(limit))
    return [_read(row) for row in rows]


def add(tx: Tx, identity: ChannelIdentity, employee: Employee, way: str, shown_as: str, code: str) -> bool:
    """Link an account. False when it is somebody's already: nobody's account is taken over by linking it again.

    Raises ValueError for a channel whose accounts cannot be linked, and for ids that are longer than the columns.
    """
    if identity.channel not in LINKABLE:
        raise ValueError(f"accounts of {identity.channel!r} are not linked")
    if max(len(identity.tenant), len(identity.user)) > 100 or not identity.tenant or not identity.user:
        raise ValueError("an account's ids have 1 to 100 characters")
    moment = now(tx)
    return tx.add(
        identity_links,
        channel=identity.channel,
        tenant=identity.tenant,
        user=identity.user,
        employee_id=employee.employee_id,
        way=way,
        shown_as=shown_as[:200],
        language=employee.language[:8],
        not_me_hash=hashed(code),
        made_at=moment,
        used_at=moment,
        checked_at=moment,
    )


def used(tx: Tx, identity: ChannelIdentity) -> None:
    """Somebody used this account today."""
    tx.change(sa.update(identity_links).where(_THIS).values(used_at=now(tx)), _key(identity))


def checked(tx: Tx, identity: ChannelIdentity) -> None:
    """Its employee was looked up just now, and is there."""
    tx.change(sa.update(identity_links).where(_THIS).values(checked_at=now(tx)), _key(identity))


def remove(tx: Tx, identity: ChannelIdentity) -> bool:
    """End a link; false when there was none."""
    return tx.change(sa.delete(identity_links).where(_THIS), _key(identity)) == 1


def hashed(secret: str) -> str:
    """What is kept of a token or a code: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _key(identity: ChannelIdentity) -> dict[str, str]:
    return {"c": identity.channel, "t": identity.tenant, "u": identity.user}


def _all(tx: Tx, wanted: sa.Select[Any]) -> Sequence[IdentityLink]:
    rows = tx.execute(wanted.order_by(_C.employee_id, _C.channel, _C.tenant, _C.user))
    return [_read(row) for row in rows]


def _read(row: sa.Row[Any]) -> IdentityLink:
    identity = ChannelIdentity(row.channel, row.tenant, row.user)
    return IdentityLink(identity, row.employee_id, row.way, row.shown_as, row.language, row.made_at, row.used_at)
