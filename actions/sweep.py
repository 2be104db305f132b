"""One regular look at all that waits: what is too old expires, what should move is woken, who was asked is reminded."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.doubt import reconcile
from actions.flow import Overtaken, move, touch
from actions.parts import GateParts
from actions.posting import background_or_nothing, post_approvers
from actions.records import Action, State
from actions.results import tell_result
from actions.tables import actions
from storage import Tx, now

GIVE_UP_DOUBT = timedelta(minutes=10)
"""After this long without a trace outside, an effect that may have happened counts as not happened. Longer than any
call can last (`effect_seconds`), and than the life of a process that has stopped answering."""


async def sweep(parts: GateParts) -> None:
    """See `Gate.sweep`. Safe at any time, any number of times, in several processes."""
    for action in await parts.database.read(_overdue):
        await _expire(parts, action)
    for action_id in await parts.database.read(_to_wake):
        parts.wake(action_id)
    await parts.database.run(envelopes.forget_expired)
    doubtful = await parts.database.read(lambda tx: ledger.select(tx, ledger.in_states([State.UNKNOWN])))
    for action in doubtful:
        await reconcile(parts, action, GIVE_UP_DOUBT)


def _overdue(tx: Tx) -> list[Action]:
    waiting = [State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.AWAITING_APPROVAL, State.APPROVED]
    moment = now(tx)
    return ledger.select(
        tx, ledger.in_states(waiting), sa.or_(actions.c.due_at <= moment, actions.c.expires_at <= moment)
    )


def _to_wake(tx: Tx) -> list[str]:
    """Approved ones, those left in the middle by an executor that is gone, and those with a secret to send."""
    moving = ledger.select(
        tx,
        sa.or_(
            ledger.in_states([State.APPROVED]),
            sa.and_(ledger.in_states([State.EXECUTING]), actions.c.due_at <= now(tx)),
        ),
    )
    return list(dict.fromkeys([*(action.action_id for action in moving), *envelopes.unfinished(tx)]))


async def _expire(parts: GateParts, action: Action) -> None:
    known = await background_or_nothing(parts, action)

    def write(tx: Tx) -> None:
        try:
            after = move(tx, action, State.EXPIRED, actor="system:sweep", due_at=None)
        except Overtaken:
            return
        envelopes.destroy(tx, action.action_id, "code", state="failed")
        tell_result(parts, tx, after, None)
        if action.state in (State.AWAITING_APPROVAL, State.APPROVED):
            post_approvers(parts, tx, after, known)

    await parts.database.run(write)


async def wake_orphans(parts: GateParts) -> None:
    """At the start of the only process: whoever was executing is gone, so each such action is looked at now."""

    def mark(tx: Tx) -> list[str]:
        orphans = ledger.select(tx, ledger.in_states([State.EXECUTING]))
        return [touch(tx, action, due_at=now(tx)).action_id for action in orphans]

    for action_id in await parts.database.run(mark):
        parts.wake(action_id)
