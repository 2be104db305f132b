"""The brake: what slows requesters and approvers down before habit does harm (S-25)."""

from __future__ import annotations

import statistics
from datetime import timedelta

import sqlalchemy as sa

from actions.rules import Rules
from actions.tables import actions, votes
from core.errors import Refused
from core.outcomes import Outcome
from core.risk import Risk
from storage import Tx, now

LAST_VOTES = 5
"""How many recent votes the median is taken over."""


def refuse_if_too_many(tx: Tx, rules: Rules, requester_id: str) -> None:
    """Raises `Refused` when this person has made their sensitive requests for the day (24 hours)."""
    made = tx.execute(
        sa.select(sa.func.count())
        .select_from(actions)
        .where(
            actions.c.requester_id == requester_id,
            actions.c.tier.in_([Risk.SENSITIVE.value, Risk.CRITICAL.value]),
            actions.c.created_at > now(tx) - timedelta(hours=24),
        )
    ).scalar_one()
    if made >= rules.brake.requests_a_day:
        raise Refused("too_many_requests", Outcome.REFUSED_LIMIT, limit=str(rules.brake.requests_a_day))


def approver_is_numb(tx: Tx, rules: Rules, employee_id: str, seconds: float) -> str:
    """Why this yes needs another one beside it: `too_many` in an hour, `too_fast` on average, or empty."""
    most = max(rules.brake.votes_an_hour, LAST_VOTES - 1)
    recent = tx.execute(
        sa.select(votes.c.at, votes.c.seconds)
        .where(votes.c.employee_id == employee_id)
        .order_by(votes.c.at.desc())
        .limit(most)
    ).all()
    hour_ago = now(tx) - timedelta(hours=1)
    if sum(1 for vote in recent if vote.at > hour_ago) >= rules.brake.votes_an_hour:
        return "too_many"
    pace = [seconds, *(vote.seconds for vote in recent[: LAST_VOTES - 1])]
    if len(pace) == LAST_VOTES and statistics.median(pace) < rules.brake.median_seconds:
        return "too_fast"
    return ""
