"""Holds: after "this was not me" nothing about a person is filed, carried out or shown for some time.

The chain says so besides the row: who takes the row away or cuts it short, past the gate, has ended nothing.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from actions.tables import holds
from core.errors import Refused
from storage import AuditEntry, Tx, now
from storage.audit import newest, record

HELD = "person.held"


def hold(tx: Tx, employee_id: str, until: datetime, *, why: str, actor: str, origin: str) -> None:
    """Nothing about this person until then. `why` is the action that was reported, or `link`."""
    if not tx.add(holds, employee_id=employee_id, until=until, action_id=why):
        tx.change(holds.update().where(holds.c.employee_id == employee_id).values(until=until))
    record(
        tx,
        AuditEntry(
            actor=actor,
            verb=HELD,
            object=_object(employee_id),
            result=until.isoformat(timespec="seconds"),
            origin=origin,
            request=why,
        ),
    )


def refuse_if_held(tx: Tx, employee_id: str) -> None:
    """Raises `Refused` while a "this was not me" holds this person's account."""
    until = tx.execute(sa.select(holds.c.until).where(holds.c.employee_id == employee_id)).scalar()
    said = [datetime.fromisoformat(row.result) for row in newest(tx, _object(employee_id), HELD)]
    if any(end > now(tx) for end in (*said, *([until] if until is not None else []))):
        raise Refused("held")


def _object(employee_id: str) -> str:
    return f"employee:{employee_id}"
