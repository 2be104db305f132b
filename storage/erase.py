"""Erasing personal payload from the audit, of one person or by age; the chain stays whole and says that it happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage.audit import AuditEntry, record
from storage.engine import Database, Tx
from storage.tables import audit, audit_payload

VERB = "erase_payload"  # the verifier looks for this word: a payload gone without such a row was taken away


def erase_payload(tx: Tx, subject: str, actor: str, *, written_by: str = "") -> int:
    """Delete the payload of all audit rows about `subject`; returns how many there were.

    `written_by` is an actor, such as `employee:E1002`: what they wrote about others goes too. The erasure gets an
    audit row that lists the rows and does not name the person. Raises ValueError without a subject: rows about
    nobody are not erased.
    """
    if not subject:
        raise ValueError("whose payload should be erased?")
    theirs = audit_payload.c.subject == subject
    if written_by:
        own = sa.select(audit.c.seq).where(audit.c.actor == written_by, audit.c.verb != VERB)
        theirs = sa.or_(theirs, audit_payload.c.seq.in_(own))
    return _delete(tx, theirs, actor)


def old_payload(tx: Tx, moment: datetime, limit: int) -> Sequence[int]:
    """The rows with personal payload that were written before `moment`, oldest first.

    Rows about nobody (rules, switches, erasures themselves) are none: the verifier needs some of them.
    """
    before = moment.astimezone(UTC).isoformat(timespec="microseconds")
    wanted = (
        sa.select(audit_payload.c.seq)
        .join(audit, audit.c.seq == audit_payload.c.seq)
        .where(audit_payload.c.subject != "", audit.c.at < before)
        .order_by(audit_payload.c.seq)
        .limit(limit)
    )
    return tx.execute(wanted).scalars().all()


def erase_rows(tx: Tx, numbers: Collection[int], actor: str) -> int:
    """Delete the payload of these audit rows; returns how many still had one. It gets an audit row of its own."""
    return _delete(tx, audit_payload.c.seq.in_(numbers), actor)


def clear_traces(database: Database) -> bool:
    """Empty SQLite's write-ahead log, in which deleted text may still stand; false while somebody reads from it.

    On Postgres there is nothing to be done from here: VACUUM and the age of backups decide (docs/privacy.md). Must
    not be called inside a transaction.
    """
    if database.engine.dialect.name != "sqlite":
        return True
    connection = database.engine.raw_connection()
    try:
        busy, _pages, _moved = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except DBAPIError:
        return False
    finally:
        connection.close()


def _delete(tx: Tx, which: sa.ColumnElement[bool], actor: str) -> int:
    rows = tx.execute(sa.delete(audit_payload).where(which).returning(audit_payload.c.seq)).scalars()
    erased = sorted(rows)
    if erased:
        record(tx, AuditEntry(actor, VERB, "audit_payload", "done", payload={"rows": _ranges(erased)}))
    return len(erased)


def _ranges(numbers: Iterable[int]) -> str:
    """`1-3,7`: the numbers, in order."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
