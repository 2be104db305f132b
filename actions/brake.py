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
from tools.registry import GATES_OWN

LAST_VOTES = 5
"""How many recent votes the median is taken over."""


def refuse_if_too_many(tx: Tx, rules: Rules, requester_id: str, subject_id: str, tool: str) -> None:
    """Raises `Refused` when this person has made their requests of this kind for the day (24 hours).

    Three kinds are counted apart: what somebody asks about themselves, what the service desk asks about callers (which
    counts for the caller as well), and an admin's changes of rules, tools and policies.
    """
    mine, brake = actions.c.requester_id == requester_id, rules.brake
    about_others = actions.c.subject_id != actions.c.requester_id
    if tool in GATES_OWN:
        _refuse(tx, sa.and_(mine, actions.c.tool.in_(GATES_OWN)), brake.changes_a_day)
        return
    people = actions.c.tool.not_in(GATES_OWN)
    if subject_id != requester_id:
        _refuse(tx, sa.and_(mine, about_others, people), brake.for_others_a_day)
        _refuse(tx, sa.and_(actions.c.subject_id == subject_id, about_others, people), brake.requests_a_day)
        return
    _refuse(tx, sa.and_(mine, sa.not_(about_others), people), brake.requests_a_day)


def _refuse(tx: Tx, which: sa.ColumnElement[bool], most: int) -> None:
    sensitive = actions.c.tier.in_([Risk.SENSITIVE.value, Risk.CRITICAL.value])
    recent = actions.c.created_at > now(tx) - timedelta(hours=24)
    if tx.execute(sa.select(sa.func.count()).select_from(actions).where(which, sensitive, recent)).scalar_one() >= most:
        raise Refused("too_many_requests", Outcome.REFUSED_LIMIT, limit=str(most))


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
