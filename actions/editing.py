"""Changing a draft: its requester fills its form in anew, and the new one takes the place of the old, card and all."""

from __future__ import annotations

import sqlalchemy as sa

from actions import ledger
from actions.flow import move, note
from actions.parts import GateParts
from actions.posting import post_requester, slot
from actions.propose import propose
from actions.records import Action, Origin, Prepared, State
from actions.requester import own, timely
from actions.words import say
from core.errors import Refused
from core.outcomes import Outcome
from core.replies import Reply
from storage import Tx
from storage.faultpoint import around_commit
from storage.tables import outbox


def draft_of(tx: Tx, action_id: str, requester_id: str) -> Action:
    """The requester's own draft, to be edited. Raises `Refused` for anybody else's, and when it is none any more."""
    action = ledger.find(tx, action_id)
    if action is None or action.requester_id != requester_id:
        raise Refused("not_yours", Outcome.REFUSED_NOT_ENTITLED)
    if not action.can_be_edited:
        raise Refused("too_late", Outcome.REFUSED_LIMIT, state=action.state.value)
    return action


def replace(parts: GateParts, tx: Tx, action_id: str, prepared: Prepared, origin: Origin) -> Reply:
    """File the new draft and end the old one, in one transaction: there are never two for one wish.

    Raises `Refused` when the old one is another's, is about another tool, was confirmed meanwhile or is over: then
    nothing is filed; and as `propose` does.
    """
    old = timely(tx, own(tx, action_id, prepared.requester.employee_id), State.AWAITING_CONFIRMATION)
    if old.tool != prepared.tool.name or not old.can_be_edited:
        raise Refused("wrong_state", Outcome.REFUSED_LIMIT, state=old.state.value)
    reply = propose(parts, tx, prepared, origin)
    actor = f"employee:{old.requester_id}"
    old = move(tx, old, State.CANCELLED, actor=actor, origin=origin.identity.channel, due_at=None)
    note(tx, old, "action.replaced", actor=actor, result="edited", origin=origin.identity.channel, by=origin.action_id)
    if not _hand_over(tx, old, origin):
        post_requester(tx, old, say("ended_edited", old.language, title=old.title))
    around_commit(tx, "editing.replace")
    return reply


def _hand_over(tx: Tx, old: Action, origin: Origin) -> bool:
    """Let the new draft's card take the old one's post; false where that one has none, or is elsewhere."""
    place = slot(old.action_id, "requester")
    wanted = sa.select(outbox).where(outbox.c.slot == place, outbox.c.state == "sent")
    post = tx.execute(wanted.order_by(outbox.c.outbox_id.desc()).limit(1)).mappings().first()
    if post is None or not post["receipt"]:
        return False
    if (old.address.channel, old.address.room) != (origin.address.channel, origin.address.room):
        return False
    copied = {name: post[name] for name in post if name not in ("outbox_id", "key", "slot")}
    moved = f"moved:{origin.action_id}"
    return tx.add(outbox, **{**copied, "key": moved, "slot": slot(origin.action_id, "requester")})
