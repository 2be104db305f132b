"""Votes: who may cast one, what a vote is cast on, and when there are enough (S-16, S-18, S-19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from actions import ledger
from actions.brake import approver_is_numb
from actions.escalation import second_groups
from actions.flow import move, note, touch
from actions.one_at_a_time import one_at_a_time
from actions.parts import GateParts
from actions.records import Action, State
from actions.requester import approve, wake_later
from actions.rules import Rule, Rules
from actions.seal import seal_of
from actions.stamps import genuine, stamp
from actions.tables import votes
from core.errors import Refused
from core.outcomes import Outcome
from core.people import Employee
from core.plain_text import visible
from core.risk import Risk, strictest
from storage import Tx, now
from storage.faultpoint import around_commit


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote as it arrives. `callback` says how the approver rang the person; empty when they did not."""

    approver: Employee
    verdict: str
    origin: str
    reason: str = ""
    callback: str = ""

    @classmethod
    def of(cls, approver: Employee, verdict: str, origin: str, fields: Mapping[str, str]) -> Ballot:
        """From the fields of a form."""
        called = visible(fields.get("callback", "")).strip()[:200]
        said_no = called.lower() in ("no", "nee", "false", "0", "off")
        reason = visible(fields.get("reason", "")).strip()[:400]
        return cls(approver, verdict, origin, reason, "" if said_no else called)


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose yes is genuine and on the present seal, and whether the brake held for one of them."""

    people: frozenset[str]
    braked: bool


def cast(parts: GateParts, tx: Tx, action_id: str, ballot: Ballot) -> tuple[Action, str]:
    """Apply one vote under the action's row lock. Returns the action and the catalogue key of what to say.

    Raises `Refused` for everybody and everything that does not count; then nothing has changed.
    """
    action = _open_for_votes(parts, tx, action_id, ballot.approver)
    _not_twice(tx, action_id, ballot.approver)
    one_at_a_time(tx, "approver", ballot.approver.employee_id)
    if ballot.verdict == "deny":
        _record(parts, tx, action, ballot, _seconds(tx, action, ballot), braked=False)
        return _deny(tx, action, ballot), "voted_deny"
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


def take(parts: GateParts, tx: Tx, action_id: str, approver: Employee, origin: str) -> Action:
    """ "I take this": seen by all, for a quarter of an hour; it reserves nothing in law, only in manners."""
    action = _open_for_votes(parts, tx, action_id, approver)
    moment = now(tx)
    if action.taken_by not in ("", approver.employee_id) and (action.taken_until or moment) > moment:
        raise Refused("already_taken", Outcome.REFUSED_LIMIT, who=action.taken_by)
    until = moment + timedelta(minutes=parts.settings.take_minutes)
    action = touch(tx, action, taken_by=approver.employee_id, taken_until=until)
    note(tx, action, "action.taken", actor=f"employee:{approver.employee_id}", result="taken", origin=origin)
    return action


def voters(tx: Tx, action_id: str) -> list[str]:
    """Everybody who said yes, genuine or not, in order."""
    rows = tx.execute(
        sa.select(votes.c.employee_id)
        .where(votes.c.action_id == action_id, votes.c.verdict == "approve")
        .order_by(votes.c.at)
    )
    return list(rows.scalars())


def counted(parts: GateParts, tx: Tx, action: Action) -> Counted:
    """The votes that count: cast through the gate (their stamp says so) on the seal as it is now."""
    rows = tx.execute(sa.select(votes).where(votes.c.action_id == action.action_id, votes.c.verdict == "approve")).all()
    good = [row for row in rows if row.seal == action.seal and genuine(parts.keys, row.stamp, *_said(row))]
    return Counted(frozenset(row.employee_id for row in good), any(row.braked for row in good))


def people_needed(rules: Rules, rule: Rule, action: Action, braked: bool) -> int:
    """How many different people it takes: what the rules ask for its tier, and one more beside a braked approver.

    The row can only ask for more. Raises `Refused` for a tier that is never put to a vote.
    """
    tier = strictest(action.tier, Risk.CRITICAL) if action.proof_method.startswith("callback") else action.tier
    if tier in (Risk.READ, Risk.FORBIDDEN):
        raise Refused("seal_broken")
    return max(action.approvals_needed, rules.needed(tier, rule) + int(braked))


def refuse_unless_entitled(action: Action, approver: Employee, also: frozenset[str] = frozenset()) -> None:
    """Raises `Refused` unless this person may decide: entitled, and neither requester nor subject, by person."""
    if approver.employee_id == action.requester_id:
        raise Refused("own_request", Outcome.REFUSED_NOT_ENTITLED)
    if approver.employee_id == action.subject_id:
        raise Refused("about_you", Outcome.REFUSED_NOT_ENTITLED)
    if not approver.may_use_tools or not approver.groups & {*action.approver_groups, *also}:
        raise Refused("not_entitled", Outcome.REFUSED_NOT_ENTITLED, groups=", ".join(action.approver_groups))


def _open_for_votes(parts: GateParts, tx: Tx, action_id: str, approver: Employee) -> Action:
    action = ledger.lock(tx, action_id)
    if action is None:
        raise Refused("no_such_action", Outcome.REFUSED_NOT_ENTITLED)
    refuse_unless_entitled(action, approver, second_groups(parts, tx, action))
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
    yes = counted(parts, tx, action)
    return len(yes.people) >= _needed(parts, tx, action, yes.braked)


def _needed(parts: GateParts, tx: Tx, action: Action, braked: bool) -> int:
    """As the row says when the rules have changed since: the claim will then refuse it and say why."""
    version, rules = parts.rules.current(tx)
    rule = rules.tools.get(action.tool)
    if rule is None or version != action.rule_version:
        return action.approvals_needed
    return people_needed(rules, rule, action, braked)


def _said(vote: Any) -> tuple[str, ...]:
    """The sentence that a vote's stamp is on."""
    return ("vote", vote.action_id, vote.seal, vote.employee_id, vote.verdict, "braked" if vote.braked else "free")


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
    who, verdict = ballot.approver.employee_id, ballot.verdict
    said = ("vote", action.action_id, action.seal, who, verdict, "braked" if braked else "free")
    tx.change(
        sa.insert(votes).values(
            action_id=action.action_id,
            employee_id=who,
            verdict=verdict,
            seal=action.seal,
            reason=ballot.reason,
            at=now(tx),
            seconds=seconds,
            braked=braked,
            stamp=stamp(parts.keys, *said),
            origin=ballot.origin,
        )
    )
    around_commit(tx, f"vote.{verdict}")
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
