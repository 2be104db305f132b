""" "This was not me": voids what waits about a person, blocks new requests, and alerts security."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.cards import Background
from actions.flow import MOVES, move, note
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.posting import post_approvers, post_requester
from actions.records import Action, State
from actions.results import alert, is_not_me_code
from actions.tables import actions, holds
from actions.words import say
from core.errors import Refused
from core.outcomes import Outcome
from core.ports import Decision
from storage import Tx, now

MEMORY = timedelta(days=30)
"""How long the code of a notice works."""


def by_code(tx: Tx, typed: str) -> Action:
    """The action whose notice carried this code. Raises `Refused` for any other text."""
    recent = sa.select(actions.c.action_id, actions.c.nonce, actions.c.seal).where(
        actions.c.created_at > now(tx) - MEMORY, actions.c.account_id.is_not(None), ledger.in_states([State.DONE])
    )
    for row in tx.execute(recent):  # all of them: the code of a busy month's first change counts as well
        if is_not_me_code(row.nonce, row.seal, typed):
            return ledger.get(tx, row.action_id)
    raise Refused("code_unknown", Outcome.REFUSED_NOT_ENTITLED)


def by_notice(parts: GateParts, tx: Tx, typed: str, origin: str, actor: str = "") -> Decision:
    """ "This was not me" from whoever holds the code of a notice. Raises `Refused` for a code that was never sent.

    `actor` is who typed it, where that is known: it need not be the person it is about.
    """
    action = by_code(tx, typed)
    who = actor or f"employee:{action.subject_id}"
    return Decision(True, report(parts, tx, action, who, origin), "held")


def report(parts: GateParts, tx: Tx, action: Action, actor: str, origin: str) -> str:
    """Act on "this was not me" for the subject of `action`. Returns what to say; reporting twice is harmless."""
    one_at_a_time(tx, "subject", action.subject_id)  # what is being filed at this moment is seen, or sees the hold
    until = now(tx) + timedelta(hours=parts.settings.hold_hours)
    held = tx.add(holds, employee_id=action.subject_id, until=until, action_id=action.action_id)
    if not held:
        tx.change(holds.update().where(holds.c.employee_id == action.subject_id).values(until=until))
    envelopes.destroy(tx, action.action_id, "credential", state="failed")
    note(tx, action, "action.unwanted", actor=actor, result="held", origin=origin)
    for found in ledger.select(tx, actions.c.open_subject == action.subject_id):
        other = ledger.lock(tx, found.action_id)  # locked: a vote at this moment must not make the report fail
        if other is not None and State.CANCELLED in MOVES[other.state]:
            envelopes.destroy(tx, other.action_id, "code", state="failed")
            voided = move(tx, other, State.CANCELLED, actor=actor, origin=origin, due_at=None, reason="unwanted")
            post_requester(tx, voided, say("ended_cancelled", voided.language, title=voided.title))
            if voided.asked_at is not None:
                post_approvers(parts, tx, voided, Background())
    alert(parts, tx, action, "alert_unwanted")
    return say("not_me_heard", action.language, hours=parts.settings.hold_hours)
