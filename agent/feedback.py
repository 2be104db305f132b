"""What people thought of replies: kept beside the turn, read by whoever looks after the answers.

A signposted turn leaves no words behind, so no opinion of it is kept either. Somebody's opinion of another person's
turn is not kept: they cannot know what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from agent.secrets_in_text import cover_secrets
from agent.tables import feedback, messages, turns
from core.feedback import Feedback
from core.outcomes import Outcome
from core.plain_text import visible
from storage import Tx, now

MAX_COMMENT = 1_000
"""Characters kept of a comment."""


class Noted(StrEnum):
    """What became of an opinion."""

    KEPT = "kept"
    NO_TURN = "no_turn"
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One kept opinion with the turn it is about. `said` and `replied` are that turn's texts, as they are stored."""

    event_id: str
    conversation_id: str
    employee_id: str
    good: bool
    comment: str
    at: datetime
    outcome: Outcome
    said: str
    replied: str


def note(tx: Tx, given: Feedback, employee_id: str) -> Noted:
    """Keep an opinion of the employee's own turn; a second one replaces the first."""
    turn = _turn(tx, given, employee_id)
    if turn is None:
        return Noted.NO_TURN
    if turn.outcome == Outcome.SIGNPOSTED:
        return Noted.NOT_KEPT
    comment = cover_secrets(visible(given.comment).strip())[:MAX_COMMENT]
    values = {"employee_id": employee_id, "good": given.good, "comment": comment, "at": now(tx)}
    if not tx.add(feedback, event_id=turn.event_id, **values):
        tx.change(sa.update(feedback).where(feedback.c.event_id == turn.event_id).values(**values))
    return Noted.KEPT


def opinions(tx: Tx, since: datetime, *, bad_only: bool = False) -> list[Opinion]:
    """What people thought since then, newest first."""
    asked = _opinions().where(feedback.c.at >= since)
    if bad_only:
        asked = asked.where(feedback.c.good.is_(False))
    return [_opinion(tx, row) for row in tx.execute(asked.order_by(feedback.c.at.desc(), feedback.c.event_id))]


def last_bad(tx: Tx) -> Opinion | None:
    """The newest bad opinion of all."""
    asked = _opinions().where(feedback.c.good.is_(False)).order_by(feedback.c.at.desc()).limit(1)
    row = tx.execute(asked).first()
    return _opinion(tx, row) if row is not None else None


def _opinions() -> sa.Select[tuple[object, ...]]:
    columns = (*feedback.c, turns.c.conversation_id, turns.c.outcome)
    return (
        sa.select(*columns)
        .join(turns, turns.c.event_id == feedback.c.event_id)
        .where(turns.c.outcome != Outcome.SIGNPOSTED.value)
    )


def _opinion(tx: Tx, row: sa.Row[tuple[object, ...]]) -> Opinion:
    said = tx.execute(sa.select(messages.c.role, messages.c.text).where(messages.c.event_id == row.event_id))
    texts = {line.role: line.text for line in said}
    return Opinion(
        row.event_id,
        row.conversation_id,
        row.employee_id,
        row.good,
        row.comment,
        row.at,
        Outcome(row.outcome),
        texts.get("user", ""),
        texts.get("assistant", ""),
    )


def _turn(tx: Tx, given: Feedback, employee_id: str) -> sa.Row[tuple[str, str]] | None:
    asked = sa.select(turns.c.event_id, turns.c.outcome).where(turns.c.employee_id == employee_id)
    if given.event_id:
        return tx.execute(asked.where(turns.c.event_id == given.event_id)).first()
    in_channel = asked.where(turns.c.channel == given.identity.channel)
    return tx.execute(in_channel.order_by(turns.c.at.desc()).limit(1)).first()
