"""The audit chain: append-only, each row holding the hash of the row before it.

Personal payload stays in an erasable side table; the chain holds only its salted hash. The verifier
(`storage/audit_verifier.py`) shares no code with this file.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import rfc8785
import sqlalchemy as sa

from storage.engine import Tx, now
from storage.faultpoint import reached
from storage.tables import audit, audit_payload, text_lengths

GENESIS = "0" * 64
APPEND_LOCK = 0x10CE7  # any constant; without this lock 8 writers forked the chain (ADR 0003)
# NUL and half surrogates: Postgres stores neither, canonical JSON has no form for the latter
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, and how it ended (BIO2 8.15.01).

    `actor` and `object` are ids such as `employee:E1001` and `action:…`. `payload` may be personal; it can be
    erased later, by `subject`, without breaking the chain. Secrets belong in neither.
    """

    actor: str
    verb: str
    object: str
    result: str
    origin: str = "loket"
    request: str = ""
    policy: str = ""
    subject: str = ""
    payload: Mapping[str, str] = field(default_factory=dict)


_LONGEST = {name: length for table in (audit, audit_payload) for name, length in text_lengths(table).items()}
_FIELDS = ("actor", "verb", "object", "result", "origin", "request", "policy")


def record(tx: Tx, entry: AuditEntry) -> None:
    """Hand an entry to the transaction. It is appended last; without it nothing of the transaction stays.

    Raises ValueError for a field longer than its column, RuntimeError in a transaction that only reads.
    """
    if tx.read_only:
        raise RuntimeError("a transaction that only reads leaves no audit row")
    for name in (*_FIELDS, "subject"):
        if len(getattr(entry, name)) > _LONGEST[name]:  # SQLite would not mind, Postgres would
            raise ValueError(f"the audit field {name!r} is longer than {_LONGEST[name]} characters")
    for waiting in tx.before_commit:
        if isinstance(waiting, _Appending):
            waiting.entries.append(entry)
            return
    tx.before_commit.append(_Appending([entry]))


_LAST = sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
_ROW, _PAYLOAD = sa.insert(audit), sa.insert(audit_payload)


def happened(tx: Tx, object_id: str, *verbs: str) -> bool:
    """Whether the chain holds a row of one of these verbs. Whoever writes the other tables cannot take it away."""
    return tx.execute(_HAPPENED, {"object": object_id, "verbs": verbs}).first() is not None


@dataclass(frozen=True, slots=True)
class Said:
    """What one row of the chain says, without its payload."""

    at: datetime
    verb: str
    actor: str
    result: str
    request: str
    policy: str


def first(tx: Tx, object_id: str, verb: str) -> Said | None:
    """The first row of this verb; None for none. A row that is put in later changes nothing of it."""
    return next(iter(_said(tx, object_id, (verb,), audit.c.seq, 1)), None)


def newest(tx: Tx, object_id: str, *verbs: str, limit: int = 1) -> list[Said]:
    """The last rows of these verbs about one object, newest first."""
    return _said(tx, object_id, verbs, audit.c.seq.desc(), limit)


def first_at(tx: Tx, object_id: str, verb: str) -> datetime | None:
    """When the chain first said so; None when it never did."""
    said = first(tx, object_id, verb)
    return said.at if said is not None else None


def _said(tx: Tx, object_id: str, verbs: Sequence[str], order: sa.ColumnElement[int], limit: int) -> list[Said]:
    mine = sa.and_(audit.c.object == object_id, audit.c.verb.in_(verbs))
    columns = (audit.c.at, audit.c.verb, audit.c.actor, audit.c.result, audit.c.request, audit.c.policy)
    rows = tx.execute(sa.select(*columns).where(mine).order_by(order).limit(limit))
    return [
        Said(datetime.fromisoformat(row.at), row.verb, row.actor, row.result, row.request, row.policy) for row in rows
    ]


_HAPPENED = (
    sa.select(audit.c.seq)
    .where(audit.c.object == sa.bindparam("object"), audit.c.verb.in_(sa.bindparam("verbs", expanding=True)))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class _Appending:
    """The entries of one transaction, appended as its last statements."""

    entries: list[AuditEntry]

    def __call__(self, tx: Tx) -> None:
        reached("audit.before_append")
        _append(tx, self.entries)
        reached("audit.appended")
        for listener in tx.audit_listeners:
            tx.after_commit += [partial(listener, entry) for entry in self.entries]


def _append(tx: Tx, entries: Sequence[AuditEntry]) -> None:
    if tx.is_postgres:
        tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
    last = tx.execute(_LAST).first()
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    moment = now(tx)
    for entry in entries:
        seq += 1
        previous = _append_one(tx, seq, previous, moment, entry)


def _append_one(tx: Tx, seq: int, previous: str, moment: datetime, entry: AuditEntry) -> str:
    salt = secrets.token_hex(16)
    subject = _storable(entry.subject)
    payload = {_storable(key): _storable(str(value)) for key, value in entry.payload.items()}
    row: dict[str, str | int] = {
        "seq": seq,
        "at": moment.isoformat(timespec="microseconds"),
        "payload_hash": _hash([salt, subject, payload]),
        "previous": previous,
    }
    row |= {name: _storable(getattr(entry, name)) for name in _FIELDS}
    row["hash"] = _hash(row)
    tx.execute(_ROW, row)
    tx.execute(_PAYLOAD, {"seq": seq, "subject": subject, "salt": salt, "payload": payload})
    return str(row["hash"])


def _hash(value: list[str | dict[str, str]] | dict[str, str | int]) -> str:
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)
