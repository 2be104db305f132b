"""Votes: who may cast one, and on what it is cast (S-06, S-16, S-18, S-19). `actions/counting.py` counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from actions import ledger
from actions.authors import authors
from actions.brake import approver_is_numb
from actions.counting import counted, moment, people_needed, said_of, sign_in_asked
from actions.escalation import second_groups
from actions.flow import move, note, touch
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.records import Action, State
from actions.requester import approve, wake_later
from actions.ringing import how_they_rang
from actions.seal import seal_of
from actions.stamps import stamp
from actions.step_up import FreshSignIn
from actions.tables import votes
from core.errors import Refused
from core.outcomes import Outcome
from core.people import Employee
from core.plain_text import visible
from storage import Tx, now
from storage.faultpoint import around_commit


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote as it arrives. `callback` says how the approver rang the person; empty when they did not. `signed` is
    the sign-in that it is cast with, if it is."""

    approver: Employee
    verdict: str
    origin: str
    reason: str = ""
    callback: str = ""
    signed: FreshSignIn | None = None

    @classmethod
    def of(cls, approver: Employee, verdict: str, origin: str, fields: Mapping[str, str]) -> Ballot:
        """From the fields of a form."""
        reason = visible(fields.get("reason", "")).strip()[:400]
        return cls(approver, verdict, origin, reason, how_they_rang(fields.get("callback", "")))


def cast(parts: GateParts, tx: Tx, action_id: str, ballot: Ballot) -> tuple[Action, str]:
    """Apply one vote under the action's row lock. Returns the action and the catalogue key of what to say.

    Raises `Refused` for everybody and everything that does not count; then nothing has changed.
    """
    action = may_vote(parts, tx, ledger.lock(tx, action_id), ballot.approver)
    one_at_a_time(tx, "approver", ballot.approver.employee_id)
    if ballot.verdict == "deny":
        _record(parts, tx, action, ballot, _seconds(tx, action, ballot), braked=False)
        return _deny(tx, action, ballot), "voted_deny"
    if sign_in_asked(parts, tx, action) and (ballot.signed is None or not ballot.signed.holds(now(tx))):
        raise Refused("sign_in_first", Outcome.REFUSED_LIMIT)
    action = _callback(parts, tx, action, ballot)
    seconds = _seconds(tx, action, ballot)
    action, braked = _brake(parts, tx, action, ballot, seconds)
    _record(parts, tx, action, ballot, seconds, braked=braked)
    action = touch(tx, action)
    if not _enough(parts, tx, action):
        return action, "voted_braked" if braked else "voted_more"
    action = approve(parts, tx, action, f"employee:{ballot.approver.employee_id}", ballot.origin)
    wake_later(parts, tx, action)
    return action, "voted_approve"


def take(parts: GateParts, tx: Tx, action_id: str, approver: Employee, origin: str, taken_by: str) -> Action:
    """ "I take this": seen by all, for a quarter of an hour; it reserves nothing in law, only in manners.

    `taken_by` is the name of whoever has it by now, as far as that is known. Raises `Refused` with it.
    """
    action = _open_for_votes(parts, tx, ledger.lock(tx, action_id), approver)
    moment = now(tx)
    if action.taken_by not in ("", approver.employee_id) and (action.taken_until or moment) > moment:
        raise Refused("already_taken", Outcome.REFUSED_LIMIT, who=taken_by or action.taken_by)
    until = moment + timedelta(minutes=parts.settings.take_minutes)
    action = touch(tx, action, taken_by=approver.employee_id, taken_until=until)
    note(tx, action, "action.taken", actor=f"employee:{approver.employee_id}", result="taken", origin=origin)
    return action


def refuse_unless_entitled(action: Action, approver: Employee, also: frozenset[str] = frozenset()) -> None:
    """Raises `Refused` unless this person may decide: entitled, and neither requester nor subject, by person."""
    if approver.employee_id == action.requester_id:
        raise Refused("own_request", Outcome.REFUSED_NOT_ENTITLED)
    if approver.employee_id == action.subject_id:
        raise Refused("about_you", Outcome.REFUSED_NOT_ENTITLED)
    if not approver.may_use_tools or not approver.groups & {*action.approver_groups, *also}:
        raise Refused("not_entitled", Outcome.REFUSED_NOT_ENTITLED, groups=", ".join(action.approver_groups))


def may_vote(parts: GateParts, tx: Tx, action: Action | None, approver: Employee) -> Action:
    """The action, if this person may cast a vote on it now. Raises `Refused`. Lock it first where a vote follows."""
    action = _open_for_votes(parts, tx, action, approver)
    _not_twice(tx, action.action_id, approver)
    return action


def _open_for_votes(parts: GateParts, tx: Tx, action: Action | None, approver: Employee) -> Action:
    if action is None:
        raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
    refuse_unless_entitled(action, approver, second_groups(parts, tx, action))
    if approver.employee_id in authors(tx, action):
        raise Refused("own_draft", Outcome.REFUSED_NOT_ENTITLED)
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


def _enough(parts: GateParts, tx: Tx, action: Action) -> bool:
    yes = counted(parts, tx, action, signed=sign_in_asked(parts, tx, action))
    return len(yes.people - authors(tx, action)) >= _needed(parts, tx, action, yes.braked)


def _needed(parts: GateParts, tx: Tx, action: Action, braked: bool) -> int:
    """As the row says when the rules have changed since: the claim will then refuse it and say why."""
    version, rules = parts.rules.current(tx)
    rule = rules.tools.get(action.tool)
    if rule is None or version != action.rule_version:
        return action.approvals_needed
    return people_needed(rules, rule, action, braked)


def _callback(parts: GateParts, tx: Tx, action: Action, ballot: Ballot) -> Action:
    if action.proof_method != "callback_due":
        return action
    if not ballot.callback:
        raise Refused("callback_first", Outcome.REFUSED_LIMIT)
    who = ballot.approver.employee_id
    proved = stamp(parts.keys, "proof", action.action_id, action.seal, "callback")
    action = touch(tx, action, proof_method="callback", proof_detail=who, proof_at=now(tx), proof_stamp=proved)
    note(
        tx, action, "proof.given", actor=f"employee:{who}", result="callback", origin=ballot.origin, how=ballot.callback
    )
    return action


def _brake(parts: GateParts, tx: Tx, action: Action, ballot: Ballot, seconds: float) -> tuple[Action, bool]:
    """An approver who votes too often or too fast needs one more person beside them: one, however many are numb.

    (One for each of them would, on a busy day, leave a request that nobody can approve.)
    """
    _version, rules = parts.rules.current(tx)
    why = approver_is_numb(tx, rules, ballot.approver.employee_id, seconds)
    if not why:
        return action, False
    action = touch(tx, action, approvals_needed=_needed(parts, tx, action, braked=True))
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


def _record(parts: GateParts, tx: Tx, action: Action, ballot: Ballot, seconds: float, *, braked: bool) -> None:
    who, signed = ballot.approver.employee_id, ballot.signed if ballot.verdict == "approve" else None
    vote: dict[str, Any] = {
        "action_id": action.action_id,
        "employee_id": who,
        "verdict": ballot.verdict,
        "seal": action.seal,
        "reason": ballot.reason,
        "at": now(tx),
        "seconds": seconds,
        "braked": braked,
        "origin": ballot.origin,
        "method": signed.method if signed else "",
        "acr": signed.acr if signed else "",
        "signed_at": signed.at if signed else None,
    }
    vote["stamp"] = stamp(parts.keys, *said_of(SimpleNamespace(**vote)))
    tx.change(sa.insert(votes).values(**vote))
    around_commit(tx, f"vote.{ballot.verdict}")
    said = {"method": signed.method, "acr": signed.acr, "identity": signed.identity} if signed else {}
    note(
        tx, action, "vote.cast", actor=f"employee:{who}", result=ballot.verdict, origin=ballot.origin,
        reason=ballot.reason, at=moment(vote["signed_at"]), **said,
    )  # fmt: skip


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
