"""Counting votes: which ones count, and how many different people it takes (S-16, S-19)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from actions.parts import GateParts
from actions.records import Action
from actions.rules import Rule, Rules
from actions.stamps import genuine
from actions.step_up import METHODS, approvers_sign_in
from actions.tables import votes
from core.errors import Refused, ToolRetry
from core.risk import Risk, strictest
from storage import Tx


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose yes is genuine and on the present seal, and whether the brake held for one of them."""

    people: frozenset[str]
    braked: bool


def voters(tx: Tx, action_id: str) -> list[str]:
    """Everybody who said yes, genuine or not, in order."""
    rows = tx.execute(
        sa.select(votes.c.employee_id)
        .where(votes.c.action_id == action_id, votes.c.verdict == "approve")
        .order_by(votes.c.at)
    )
    return list(rows.scalars())


def counted(parts: GateParts, tx: Tx, action: Action, *, signed: bool) -> Counted:
    """The votes that count: cast through the gate (their stamp says so) on the seal as it is now.

    `signed`: only those for which the voter had signed in. A vote that does not count may still ask for more (brake).
    """
    rows = tx.execute(sa.select(votes).where(votes.c.action_id == action.action_id, votes.c.verdict == "approve")).all()
    good = [row for row in rows if row.seal == action.seal and genuine(parts.keys, row.stamp, *said_of(row))]
    people = frozenset(row.employee_id for row in good if not signed or row.method in METHODS)
    return Counted(people, any(row.braked for row in good))


def sign_in_asked(parts: GateParts, tx: Tx, action: Action, *tiers: Risk) -> bool:
    """Whether a yes to this action counts only with a sign-in for it, by the rules in force. `tiers`: what it is
    known to be by now, besides what row, rule and tool say."""
    _version, rules = parts.rules.current(tx)
    with contextlib.suppress(ToolRetry):  # it is gone, and the claim says so
        tiers = (*tiers, parts.tool(action.tool, action.tool_hash).risk)
    return approvers_sign_in(parts.systems.step_up, rules.tools.get(action.tool), action, *tiers)


def people_needed(rules: Rules, rule: Rule, action: Action, braked: bool) -> int:
    """How many different people it takes: what the rules ask for its tier, and one more beside a braked approver.

    The row can only ask for more. Raises `Refused` for a tier that is never put to a vote.
    """
    tier = strictest(action.tier, Risk.CRITICAL) if action.proof_method.startswith("callback") else action.tier
    if tier in (Risk.READ, Risk.FORBIDDEN):
        raise Refused("seal_broken")
    return max(action.approvals_needed, rules.needed(tier, rule) + int(braked))


def said_of(vote: Any) -> tuple[str, ...]:
    """The sentence that a vote's stamp is on; `vote` is its row. A sign-in is part of the sentence, and cannot be
    added to a vote or taken from it."""
    braked = "braked" if vote.braked else "free"
    said = ("vote", vote.action_id, vote.seal, vote.employee_id, vote.verdict, braked)
    return (*said, "signed in", vote.method, vote.acr, moment(vote.signed_at)) if vote.method else said


def moment(at: datetime | None) -> str:
    """A moment in a stamped sentence."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at is not None else ""
