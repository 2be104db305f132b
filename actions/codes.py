"""Asking for a code of proof: the executor makes and sends it, whoever heard the requester's yes.

That yes may have been typed, and heard by the process that belongs to the model. It has no right to the table of
secrets: then the executor, which is woken by the yes, does the asking as well.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.flow import note
from actions.parts import GateParts
from actions.records import Action, State
from actions.tables import actions
from actions.tables import envelopes as secrets
from connectors.notify import Road
from storage import Tx

_LACKS = sa.and_(
    actions.c.state == State.AWAITING_PROOF.value,
    actions.c.proof_method == "",
    actions.c.proofs.contains("code"),
    ~sa.exists().where(secrets.c.action_id == actions.c.action_id, secrets.c.kind == "code"),
)


def want(parts: GateParts, tx: Tx, action: Action) -> None:
    """Ask for a code, or for a new one in the place of the old."""
    envelopes.want_code(tx, action.action_id, Road.SMS, life=timedelta(minutes=parts.settings.code_minutes))
    note(tx, action, "proof.code_wanted", actor="system:gate", result="asked")


def want_if_lacking(parts: GateParts, tx: Tx, action_id: str) -> None:
    """Ask for it where the process that heard the yes could not."""
    action = ledger.lock(tx, action_id)
    if action is not None and lacks(tx, action_id):
        want(parts, tx, action)


def lacks(tx: Tx, action_id: str) -> bool:
    """Whether it waits for a code that nobody has asked for yet."""
    one = sa.select(actions.c.action_id).where(actions.c.action_id == action_id, _LACKS)
    return tx.execute(one).first() is not None


def lacking(tx: Tx, limit: int = 500) -> list[str]:
    """Ids of all such actions: the sweep wakes them."""
    return list(tx.execute(sa.select(actions.c.action_id).where(_LACKS).limit(limit)).scalars())
