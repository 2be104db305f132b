"""Erasing the personal payload of one person from the audit; the chain stays whole and says that it happened."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import sqlalchemy as sa

from storage.audit import AuditEntry, record
from storage.engine import Tx
from storage.tables import audit_payload

VERB = "erase_payload"  # the verifier looks for this word: a payload gone without such a row was taken away


def erase_payload(tx: Tx, subject: str, actor: str) -> int:
    """Delete the payload of all audit rows about `subject`; returns how many there were.

    The erasure gets an audit row that lists the rows and does not name the person. Raises ValueError without a
    subject: rows about nobody are not erased.
    """
    if not subject:
        raise ValueError("whose payload should be erased?")
    rows = tx.execute(
        sa.delete(audit_payload).where(audit_payload.c.subject == subject).returning(audit_payload.c.seq)
    ).scalars()
    erased = sorted(rows)
    if erased:
        record(tx, AuditEntry(actor, VERB, "audit_payload", "done", payload={"rows": _ranges(erased)}))
    return len(erased)


def _ranges(numbers: Iterable[int]) -> str:
    """`1-3,7`: the numbers, in order."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
