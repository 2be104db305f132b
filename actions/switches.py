"""The kill switch: off for all tools or for one. Off is one person's word; on again goes through the gate."""

from __future__ import annotations

from itertools import takewhile

import sqlalchemy as sa

from actions.one_at_a_time import one_at_a_time
from actions.tables import actions, switches
from core.errors import Refused
from core.outcomes import Outcome
from core.plain_text import visible
from storage import AuditEntry, Tx, now
from storage.audit import Said, newest, record

EVERYTHING = "*"
OFF, ON = "switch.off", "switch.on"
MOST_SHOWN = 20


def refuse_if_off(tx: Tx, tool_name: str) -> None:
    """Raises `Refused` when everything, or this tool, is switched off. `switch_on` itself always works."""
    if tool_name != "switch_on" and (is_off(tx, EVERYTHING) or is_off(tx, tool_name)):
        raise Refused("switched_off", Outcome.REFUSED_LIMIT)


def is_off(tx: Tx, scope: str) -> bool:
    """Whether the row or the chain says so: who takes the row away, past the gate, has switched nothing on."""
    row = tx.execute(sa.select(switches.c.scope).where(switches.c.scope == scope)).first()
    return row is not None or bool(_offs(tx, scope, 1))


def who_switched_off(tx: Tx, scope: str) -> list[str]:
    """Who did since it was last on, and when, newest first: anybody may have had a reason of their own."""
    return [f"{said.actor}, {said.at:%Y-%m-%d %H:%M} UTC" for said in _offs(tx, scope, MOST_SHOWN)]


def switched_off(tx: Tx) -> dict[str, str]:
    """What is off, and why: scope (a tool's name or `*`) to reason."""
    return {row.scope: row.reason for row in tx.execute(sa.select(switches)).all()}


def switch_off(tx: Tx, actor: str, scope: str, reason: str) -> bool:
    """Off at once, for everybody, until two others switch it on again. False when it was off already; what was asked
    for before this moment does not switch it on either way.

    `actor` is `employee:…`, or `operator:…` for somebody at a shell: that is no identity, but enough to stop.
    """
    scope, reason = visible(scope)[:100], visible(reason)[:400]  # nothing about the words may stop a stop
    one_at_a_time(tx, "switch", scope)
    added = tx.add(switches, scope=scope, by=actor.removeprefix("employee:")[:64], reason=reason, at=now(tx))
    record(
        tx,
        AuditEntry(
            actor=actor[:120],
            verb=OFF,
            object=f"tool:{scope}",
            result="off" if added else "was off",
            payload={"reason": reason},
        ),
    )
    return added


def switch_on(tx: Tx, scope: str, action_id: str) -> None:
    """On again; called only by the executor for an approved `switch_on` action.

    Raises `Refused` for what was switched off, or off once more, after that was asked for: nobody agreed to that.
    """
    one_at_a_time(tx, "switch", scope)
    asked_at = tx.execute(sa.select(actions.c.created_at).where(actions.c.action_id == action_id)).scalar_one()
    if any(said.at > asked_at for said in _offs(tx, scope, 1)):
        raise Refused("switched_off", Outcome.REFUSED_LIMIT)
    tx.change(sa.delete(switches).where(switches.c.scope == scope))
    record(tx, AuditEntry(actor="system:executor", verb=ON, object=f"tool:{scope}", result="on", request=action_id))


def _offs(tx: Tx, scope: str, most: int) -> list[Said]:
    """What the chain knows of switching this off since it was last on, newest first."""
    said = newest(tx, f"tool:{scope}", OFF, ON, limit=most)
    return list(takewhile(lambda one: one.verb == OFF, said))
