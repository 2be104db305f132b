"""After a restore: what an older copy of the database holds open may have happened since, so none of it runs again."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.cards import Background
from actions.flow import OPEN, move, note
from actions.parts import GateParts
from actions.posting import post_approvers, room_of, tell_requester
from actions.records import Action, State
from actions.results import tell_result
from actions.tables import actions
from actions.tables import envelopes as envelopes_table
from actions.words import say
from core.encoding import encode
from core.replies import Reply
from storage import AuditEntry, OutboxItem, Tx, now, outbox
from storage.audit import record
from storage.audit_heads import RESTORED
from storage.faultpoint import around_commit
from storage.tables import audit

REASON = "restored"
AT_ONCE = 100
"""Actions in one transaction: others get their turn between two."""
_ENDS = {State.APPROVED: State.REFUSED, State.EXECUTING: State.UNKNOWN}
"""What was waiting expires; of what was being carried out nobody knows how it ended."""


async def void_after_restore(parts: GateParts, reason: str, actor: str) -> int:
    """End all that is open, destroy what was to be sent, tell everybody; returns how many actions were ended.

    Safe to repeat, also after a crash in the middle. Call it before anything executes.
    """
    await parts.database.run(lambda tx: _alert(parts, tx, reason))
    ended = 0
    while round_ := await parts.database.run(lambda tx: _end_some(parts, tx, actor)):
        ended += round_
    while await parts.database.run(lambda tx: _destroy_some(tx, actor)):
        pass
    # Last: whoever reads this row takes the older copy for dealt with. After a crash before it the next start goes on.
    await parts.database.run(lambda tx: _note(tx, reason, actor))
    return ended


def _alert(parts: GateParts, tx: Tx, reason: str) -> None:
    """Once for each restore, told apart by `reason`: also when nothing was open, for what people had switched off,
    held or released since the backup is as it was before."""
    _version, rules = parts.rules.current(tx)
    language = parts.settings.approvers_language
    encoded = encode(Reply(text=say("alert_restored", language, reason=reason), language=language))
    mark = _mark(reason)
    for group in rules.alerts or ("admins",):
        outbox.put(tx, OutboxItem(f"alert:restored:{mark}:{group}", "reply", encode(room_of(parts, group)), encoded))
    around_commit(tx, "restored.alert")


def _note(tx: Tx, reason: str, actor: str) -> None:
    """One row for each restore, once it is dealt with."""
    mark = _mark(reason)
    noted = sa.select(audit.c.seq).where(audit.c.verb == RESTORED, audit.c.request == mark).limit(1)
    if tx.execute(noted).first() is None:
        payload = {"reason": reason}
        record(tx, AuditEntry(actor, RESTORED, object="ledger", result="void", request=mark, payload=payload))
        around_commit(tx, "restored.note")


def _mark(reason: str) -> str:
    return hashlib.sha256(reason.encode()).hexdigest()[:16]


def _end_some(parts: GateParts, tx: Tx, actor: str) -> int:
    still_open = sa.select(actions.c.action_id).where(ledger.in_states(OPEN)).order_by(actions.c.action_id)
    found = tx.execute(still_open.limit(AT_ONCE)).scalars().all()
    for action_id in found:
        action = ledger.lock(tx, action_id)
        if action is not None and action.state in OPEN:
            _end(parts, tx, action, actor)
            around_commit(tx, "restored.end")
    return len(found)


def _end(parts: GateParts, tx: Tx, action: Action, actor: str) -> None:
    to = _ENDS.get(action.state, State.EXPIRED)
    due = now(tx) if to is State.UNKNOWN else None
    after = move(tx, action, to, actor=actor, due_at=due, reason=REASON)
    for kind in envelopes.KINDS:
        envelopes.destroy(tx, action.action_id, kind, state="failed")
    tell_result(parts, tx, after, None)
    if action.asked_at is not None:
        post_approvers(parts, tx, after, Background())


def _destroy_some(tx: Tx, actor: str) -> int:
    """Secrets of actions that were over: in the newer database they may have been delivered, or replaced."""
    left = (
        sa.select(envelopes_table.c.action_id, envelopes_table.c.kind, envelopes_table.c.state)
        .where(envelopes_table.c.state.in_(("wanted", "made", "waiting", "sent", "offered")))
        .where(
            sa.or_(
                envelopes_table.c.ciphertext.is_not(None), envelopes_table.c.state.in_(("wanted", "waiting", "offered"))
            )
        )
        .limit(AT_ONCE)
    )
    rows = tx.execute(left).all()
    for row in rows:
        action = ledger.get(tx, row.action_id)
        envelopes.destroy(tx, row.action_id, row.kind, state="failed")
        note(tx, action, f"{row.kind}.delivery", actor=actor, result="destroyed", reason=REASON)
        if row.kind == "credential" and action.state is State.DONE:
            tell_requester(tx, action, REASON, say("restored_credential", action.language, title=action.title))
    return len(rows)
