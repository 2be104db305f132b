"""The kill switch: off for all tools or for one. Off is one person's word; on again goes through the gate."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from actions.tables import switches
from core.errors import Refused
from core.outcomes import Outcome
from core.plain_text import visible
from storage import AuditEntry, Tx, now
from storage.audit import record

EVERYTHING = "*"


def refuse_if_off(tx: Tx, tool_name: str) -> None:
    """Raises `Refused` when everything, or this tool, is switched off. `switch_on` itself always works."""
    if tool_name != "switch_on" and set(switched_off(tx)) & {EVERYTHING, tool_name}:
        raise Refused("switched_off", Outcome.REFUSED_LIMIT)


def switched_off(tx: Tx) -> dict[str, str]:
    """What is off, and why: scope (a tool's name or `*`) to reason."""
    return {row.scope: row.reason for row in tx.execute(sa.select(switches)).all()}


def switch_off(tx: Tx, actor: str, scope: str, reason: str) -> bool:
    """Off at once, for everybody, until two others switch it on again. False when it was off already.

    `actor` is `employee:…`, or `operator:…` for somebody at a shell: that is no identity, but enough to stop.
    """
    scope, reason = visible(scope)[:100], visible(reason)[:400]  # nothing about the words may stop a stop
    added = tx.add(switches, scope=scope, by=actor.removeprefix("employee:")[:64], reason=reason, at=now(tx))
    record(
        tx,
        AuditEntry(
            actor=actor[:120],
            verb="switch.off",
            object=f"tool:{scope}",
            result="off" if added else "was off",
            payload={"reason": reason},
        ),
    )
    return added


def switch_on(tx: Tx, scope: str, action_id: str, asked_at: datetime) -> None:
    """On again; called only by the executor for an approved `switch_on` action.

    What was switched off after `asked_at`, when that action was claimed, stays off: nobody approved that.
    """
    tx.change(sa.delete(switches).where(switches.c.scope == scope, switches.c.at <= asked_at))
    record(
        tx,
        AuditEntry(actor="system:executor", verb="switch.on", object=f"tool:{scope}", result="on", request=action_id),
    )
