"""Released versions of the rules: a row counts as the chain says that it was released, and no other does.

Whoever writes rows past the gate puts nothing in force with it, and by rewriting or taking away what is in force they
bring nothing else in force: then nothing runs until somebody has looked.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from actions.tables import rule_versions
from core.errors import ConfigError
from storage import AuditEntry, Tx, now
from storage.audit import first, record

RELEASED = "rules.released"
_HASH = "sha256:"


def put_in_force(tx: Tx, version: int, document: str, action_id: str, actor: str = "system:executor") -> bool:
    """Release a version; false when there is one of that number. Called for an approved action, and for the first."""
    if not tx.add(rule_versions, version=version, document=document, action_id=action_id, released_at=now(tx)):
        return False
    entry = AuditEntry(
        actor=actor, verb=RELEASED, object=_object(version), result="in_force", request=action_id,
        policy=_hash(document),
    )  # fmt: skip
    record(tx, entry)
    return True


def newest(tx: Tx) -> int:
    """The highest number in the table, released or not; 0 for none."""
    return tx.execute(sa.select(sa.func.max(rule_versions.c.version))).scalar() or 0


def in_force(tx: Tx) -> tuple[int, list[int]]:
    """The last released version, and the numbers above it that nobody released.

    Raises `ConfigError` where there is none, and where the last released one is gone or is not what it was: the one
    before it may have been looser.
    """
    numbers = tx.execute(sa.select(rule_versions.c.version).order_by(rule_versions.c.version.desc())).scalars().all()
    ignored: list[int] = []
    for version in numbers:
        if first(tx, _object(version), RELEASED) is None:
            ignored.append(version)
            continue
        follows = version + 1 not in ignored and first(tx, _object(version + 1), RELEASED) is not None
        last = version + 1 if follows else version  # the one that follows is gone, or came after the numbers were read
        text_of(tx, last)
        return last, ignored
    raise ConfigError("no rules are in force: start Loket once with a writable database")


def by(tx: Tx, version: int) -> str:
    """The action that a version was released by, as the chain says; empty for one that was not."""
    said = first(tx, _object(version), RELEASED)
    return said.request if said is not None else ""


def text_of(tx: Tx, version: int) -> str:
    """The text of one released version. Raises `ConfigError` for one that is not there as it was released."""
    text: str | None = tx.execute(
        sa.select(rule_versions.c.document).where(rule_versions.c.version == version)
    ).scalar()
    said = first(tx, _object(version), RELEASED)
    if text is None or said is None or (said.policy.startswith(_HASH) and said.policy != _hash(text)):
        raise ConfigError(_changed(version))
    return text


def _object(version: int) -> str:
    return f"rules:{version}"


def _hash(document: str) -> str:
    return _HASH + hashlib.sha256(document.encode()).hexdigest()


def _changed(version: int) -> str:
    return f"rules version {version} is not as it was released: nothing runs until the database is looked at"
