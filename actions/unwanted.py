""" "This was not me": voids what waits about a person, blocks new requests, and alerts security."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from actions import envelopes, ledger
from actions.cards import Background
from actions.flow import MOVES, move, note
from actions.holding import hold
from actions.linking.ending import end
from actions.linking.words import channel_name
from actions.linking.words import say as say_of_links
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.posting import post_approvers, post_requester, room_of
from actions.records import Action, State
from actions.results import alert, is_not_me_code
from actions.tables import actions
from actions.words import say
from connectors.directory import links
from connectors.directory.links import IdentityLink
from core.encoding import encode
from core.errors import Refused
from core.outcomes import Outcome
from core.ports import Decision
from core.replies import Reply
from storage import OutboxItem, Tx, now, outbox

WAITS = tuple(state for state, after in MOVES.items() if State.CANCELLED in after)
"""The states in which an action can still be withdrawn."""
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
    if link := links.by_code(tx, typed.strip().upper()):
        who = actor or f"employee:{link.employee_id}"
        return Decision(True, report_link(parts, tx, link, who, origin), "held")
    action = by_code(tx, typed)
    who = actor or f"employee:{action.subject_id}"
    return Decision(True, report(parts, tx, action, who, origin), "held")


def report(parts: GateParts, tx: Tx, action: Action, actor: str, origin: str) -> str:
    """Act on "this was not me" for the subject of `action`. Returns what to say; reporting twice is harmless."""
    one_at_a_time(tx, "subject", action.subject_id)  # what is being filed at this moment is seen, or sees the hold
    until = now(tx) + timedelta(hours=parts.settings.hold_hours)
    hold(tx, action.subject_id, until, why=action.action_id, actor=actor, origin=origin)
    for kind in ("credential", "reveal_code"):
        envelopes.destroy(tx, action.action_id, kind, state="failed")
    note(tx, action, "action.unwanted", actor=actor, result="held", origin=origin)
    _void(parts, tx, actions.c.open_subject == action.subject_id, actor, origin)
    alert(parts, tx, action, "alert_unwanted")
    return say("not_me_heard", action.language, hours=parts.settings.hold_hours)


def report_link(parts: GateParts, tx: Tx, link: IdentityLink, actor: str, origin: str) -> str:
    """Act on "this was not me" for an account that was linked to somebody. Returns what to say.

    The link ends; what waits about this person, and what was asked in their name, is withdrawn; new requests are
    blocked; security hears of it.
    """
    one_at_a_time(tx, "subject", link.employee_id)
    end(tx, link.identity, actor, "not_me", origin=origin)
    until = now(tx) + timedelta(hours=parts.settings.hold_hours)
    hold(tx, link.employee_id, until, why="link", actor=actor, origin=origin)
    mine = sa.or_(actions.c.open_subject == link.employee_id, actions.c.requester_id == link.employee_id)
    _void(parts, tx, sa.and_(mine, ledger.in_states(WAITS)), actor, origin)
    _version, rules = parts.rules.current(tx)
    language, channel = parts.settings.approvers_language, channel_name(link.identity.channel)
    text = say_of_links("alert_not_me", language, person=link.employee_id, channel=channel, identity=link.identity)
    for group in rules.alerts:
        key = f"alert:link:{uuid4().hex}:{group}"
        outbox.put(tx, OutboxItem(key, "reply", encode(room_of(parts, group)), encode(Reply(text, language))))
    return say_of_links("not_me_heard", link.language, channel=channel, hours=parts.settings.hold_hours)


def _void(parts: GateParts, tx: Tx, which: sa.ColumnElement[bool], actor: str, origin: str) -> None:
    for found in ledger.select(tx, which):
        other = ledger.lock(tx, found.action_id)  # locked: a vote at this moment must not make the report fail
        if other is not None and State.CANCELLED in MOVES[other.state]:
            envelopes.destroy(tx, other.action_id, "code", state="failed")
            voided = move(tx, other, State.CANCELLED, actor=actor, origin=origin, due_at=None, reason="unwanted")
            post_requester(tx, voided, say("ended_cancelled", voided.language, title=voided.title))
            if voided.asked_at is not None:
                post_approvers(parts, tx, voided, Background())
