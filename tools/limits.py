"""How often one person uses one tool: counted in the database, for all processes, where the tool has a limit.

The minute, hour or day is that of the clock (UTC): the count begins anew with each. One row a person, tool and period.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.errors import Refused
from core.outcomes import Outcome
from storage import Tx, now
from tools.added.tables import tool_uses
from tools.manifest import RateLimit

_LENGTH = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def use(tx: Tx, tool: str, employee_id: str, limit: RateLimit | None) -> None:
    """Count one use. Raises `Refused` (`too_often`) where it is one too many; the transaction must then not commit it,
    or the person merely waits as long as they would anyway."""
    if limit is None:
        return
    begins = _begins(now(tx), limit)
    tx.put(tool_uses, adds=("times",), tool=tool, employee_id=employee_id, begins=begins, times=1)
    _refuse_above(tx, tool, employee_id, limit, limit.times)


def refuse_if_spent(tx: Tx, tool: str, employee_id: str, limit: RateLimit | None) -> None:
    """Raises `Refused` when nothing is left in this period; counts nothing."""
    if limit is not None:
        _refuse_above(tx, tool, employee_id, limit, limit.times - 1)


def _refuse_above(tx: Tx, tool: str, employee_id: str, limit: RateLimit, most: int) -> None:
    moment = now(tx)
    begins = _begins(moment, limit)
    mine = (tool_uses.c.tool == tool, tool_uses.c.employee_id == employee_id, tool_uses.c.begins == begins)
    used = tx.execute(sa.select(tool_uses.c.times).where(*mine)).scalar() or 0
    if used > most:
        left = begins + _LENGTH[limit.per] - moment
        minutes = str(max(1, round(left.total_seconds() / 60)))
        raise Refused("too_often", Outcome.REFUSED_LIMIT, times=str(limit.times), minutes=minutes)


def _begins(moment: datetime, limit: RateLimit) -> datetime:
    whole = {"second": 0, "microsecond": 0}
    if limit.per != "minute":
        whole["minute"] = 0
    if limit.per == "day":
        whole["hour"] = 0
    return moment.replace(**whole)  # type: ignore[arg-type]
