"""Votes: who may cast one, what a vote is cast on, and when there are enough (S-16, S-18, S-19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from actions import ledger
from actions.brake import approver_is_numb
from actions.flow import move, note, touch
from actions.parts import GateParts
from actions.records import Action, State
from actions.requester import approve, wake_later
from actions.seal import seal_of
from actions.tables import votes
from core.errors import Refused
from core.outcomes import Outcome
from core.people import Employee
from storage import Tx, now


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote as it arrives. `callback` is the approver's word that they rang the person on a registered number."""

    approver: Employee
    verdict: str
    origin: str
    reason: str = ""
    callback: bool = False

    @classmethod
    def of(cls, approver: Employee, verdict: str, origin: str, fields: Mapping[str, str]) -> Ballot:
        """From the fields of a form."""
        called = fields.get("callback", "").strip().lower() in ("yes", "ja", "true", "1", "on")
        return cls(approver, verdict, origin, fields.get("reason", "").strip()[:400], called)


def cast(parts: GateParts, tx: Tx, action_id: str, ballot: Ballot) -> tuple[Action, str]:
    """Apply one vote under the action's row lock. Returns the action and the catalogue key of what to say.

    Raises `Refused` for everybody and everything that does not count; then nothing has changed.
    """
    action = _open_for_votes(tx, action_id, ballot.approver)
    _not_twice(tx, action_id, ballot.approver)
    if ballot.verdict == "deny":
        _record(tx, action, ballot, _seconds(tx, action, ballot))
        return _deny(tx, action, ballot), "voted_deny"
    action = _callback(tx, action, ballot)
    seconds = _seconds(tx, action, ballot)
    action, braked = _brake(parts, tx, action, ballot, seconds)
    _record(tx, action, ballot, seconds)
    action = touch(tx, action)
    if len(ledger.approvals(tx, action_id)) < action.approvals_needed:
        return action, "voted_braked" if braked else "voted_more"
    action = approve(parts, tx, action, f"employee:{ballot.approver.employee_id}", ballot.origin)
    wake_later(parts, tx, action)
    return action, "voted_approve"


def take(parts: GateParts, tx: Tx, action_id: str, approver: Employee, origin: str) -> Action:
    """ "I take this": seen by all, for a quarter of an hour; it reserves nothing in law, only in manners."""
    action = _open_for_votes(tx, action_id, approver)
    moment = now(tx)
    if action.taken_by not in ("", approver.employee_id) and (action.taken_until or moment) > moment:
        raise Refused("already_taken", Outcome.REFUSED_LIMIT, who=action.taken_by)
    until = moment + timedelta(minutes=parts.settings.take_minutes)
    action = touch(tx, action, taken_by=approver.employee_id, taken_until=until)
    note(tx, action, "action.taken", actor=f"employee:{approver.employee_id}", result="taken", origin=origin)
    return action


def refuse_unless_entitled(action: Action, approver: Employee) -> None:
    """Raises `Refused` unless this person may vote: entitled, and neither requester nor subject, by person."""
    if approver.employee_id == action.requester_id:
        raise Refused("own_request", Outcome.REFUSED_NOT_ENTITLED)
    if approver.employee_id == action.subject_id:
        raise Refused("about_you", Outcome.REFUSED_NOT_ENTITLED)
    if not approver.may_use_tools or not approver.groups & set(action.approver_groups):
        raise Refused("not_entitled", Outcome.REFUSED_NOT_ENTITLED, groups=", ".join(action.approver_groups))


def _open_for_votes(tx: Tx, action_id: str, approver: Employee) -> Action:
    action = ledger.lock(tx, action_id)
    if action is None:
        raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
    refuse_unless_entitled(action, approver)
    if action.state is not State.AWAITING_APPROVAL:
        raise Refused("wrong_state", Outcome.REFUSED_LIMIT, state=action.state.value)
    if action.expires_at <= now(tx):
        raise Refused("expired", Outcome.REFUSED_LIMIT)
    if seal_of(action) != action.seal:
        raise Refused("seal_broken")
    return action


def _not_twice(tx: Tx, action_id: str, approver: Employee) -> None:
    voted = tx.execute(
        sa.select(votes.c.verdict).where(votes.c.action_id == action_id, votes.c.employee_id == approver.employee_id)
    ).first()
    if voted:
        raise Refused("voted_already", Outcome.REFUSED_LIMIT)


def _callback(tx: Tx, action: Action, ballot: Ballot) -> Action:
    if action.proof_method != "callback_due":
        return action
    if not ballot.callback:
        raise Refused("callback_first", Outcome.REFUSED_LIMIT)
    who = ballot.approver.employee_id
    action = touch(tx, action, proof_method="callback", proof_detail=who, proof_at=now(tx))
    note(tx, action, "proof.given", actor=f"employee:{who}", result="callback", origin=ballot.origin)
    return action


def _brake(parts: GateParts, tx: Tx, action: Action, ballot: Ballot, seconds: float) -> tuple[Action, bool]:
    """An approver who votes too often or too fast needs one more person beside them."""
    _version, rules = parts.rules.current(tx)
    why = approver_is_numb(tx, rules, ballot.approver.employee_id, seconds)
    if not why:
        return action, False
    action = touch(tx, action, approvals_needed=action.approvals_needed + 1)
    note(tx, action, "brake.approver", actor=f"employee:{ballot.approver.employee_id}", result=why)
    return action, True


def _deny(tx: Tx, action: Action, ballot: Ballot) -> Action:
    return move(
        tx,
        action,
        State.DENIED,
        actor=f"employee:{ballot.approver.employee_id}",
        origin=ballot.origin,
        due_at=None,
        reason=ballot.reason,
    )


def _record(tx: Tx, action: Action, ballot: Ballot, seconds: float) -> None:
    tx.change(
        sa.insert(votes).values(
            action_id=action.action_id,
            employee_id=ballot.approver.employee_id,
            verdict=ballot.verdict,
            seal=action.seal,
            reason=ballot.reason,
            at=now(tx),
            seconds=seconds,
            origin=ballot.origin,
        )
    )
    actor = f"employee:{ballot.approver.employee_id}"
    note(tx, action, "vote.cast", actor=actor, result=ballot.verdict, origin=ballot.origin, reason=ballot.reason)


def _seconds(tx: Tx, action: Action, ballot: Ballot) -> float:
    """How long this approver had for the decision: since the card was asked, or since their last vote."""
    last: datetime | None = tx.execute(
        sa.select(votes.c.at)
        .where(votes.c.employee_id == ballot.approver.employee_id)
        .order_by(votes.c.at.desc())
        .limit(1)
    ).scalar()
    begins = [moment for moment in (action.asked_at, last) if moment is not None]
    return (now(tx) - max(begins)).total_seconds() if begins else 0.0
