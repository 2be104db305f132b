"""Where a growing answer stands, in the database: whoever delivers the reply, in whichever process, finds its post.

`ts` of a row is the post's, or one of two marks: `OPENING` while the post is being made, `LEFT` when nobody knows
whether it was made. A post that must go has `DOOMED` before its ts, so that a crash in between leaves none behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from agent.tables import turns
from slack_app.tables import slack_streams
from storage import Tx, now

OPENING = ""
LEFT = "-"
DOOMED = "x"
FORGOTTEN = timedelta(minutes=10)
"""No answer takes that long: one that comes after all is a post of its own."""
SETTLED = timedelta(seconds=60)
"""By then every call that was on its way has ended."""


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One answer that was shown before it was whole."""

    event_id: str
    tenant: str
    room: str
    thread: str
    ts: str
    at: datetime

    @property
    def is_known(self) -> bool:
        """Whether the row names a post that can be finished."""
        return self.ts not in (OPENING, LEFT) and not self.is_doomed

    @property
    def is_doomed(self) -> bool:
        """Whether its post must go."""
        return self.ts.startswith(DOOMED)

    @property
    def post(self) -> str:
        """The ts of the post itself."""
        return self.ts.removeprefix(DOOMED)


def claim(tx: Tx, event_id: str, tenant: str, room: str, thread: str) -> bool:
    """Say that this process shows the answer to an event; false when another does, or did."""
    values = {"tenant": tenant, "room": room, "thread": thread, "ts": OPENING, "at": now(tx)}
    return tx.add(slack_streams, event_id=event_id, **values)


def is_answered(tx: Tx, event_id: str) -> bool:
    """Whether the turn of an event is committed: then its reply leaves without waiting for a row that comes later.

    Ask in a transaction after that of `claim`: whoever delivers the reply looks for the row after the turn's commit.
    """
    return tx.execute(sa.select(turns.c.event_id).where(turns.c.event_id == event_id)).first() is not None


def get(tx: Tx, event_id: str) -> StreamRow | None:
    """The row of an event."""
    row = tx.execute(sa.select(slack_streams).where(slack_streams.c.event_id == event_id)).mappings().first()
    return None if row is None else StreamRow(**row)


def move(tx: Tx, event_id: str, was: str, to: str) -> bool:
    """Change what a row says, unless somebody else was first."""
    mine = (slack_streams.c.event_id == event_id, slack_streams.c.ts == was)
    return tx.change(sa.update(slack_streams).where(*mine).values(ts=to)) == 1


def drop(tx: Tx, event_id: str) -> None:
    """The answer is there, or its post is gone."""
    tx.change(sa.delete(slack_streams).where(slack_streams.c.event_id == event_id))


def neighbours(tx: Tx, row: StreamRow) -> frozenset[str]:
    """The posts of other growing answers in the same thread."""
    same = (slack_streams.c.room == row.room, slack_streams.c.thread == row.thread)
    others = sa.select(slack_streams.c.ts).where(*same, slack_streams.c.event_id != row.event_id)
    return frozenset(ts.removeprefix(DOOMED) for ts in tx.execute(others).scalars())


def left_over(tx: Tx, limit: int = 20) -> list[StreamRow]:
    """Rows that nobody will finish any more, oldest first."""
    moment, ts = now(tx), slack_streams.c.ts
    settled = sa.and_(slack_streams.c.at < moment - SETTLED, sa.or_(ts.in_((OPENING, LEFT)), ts.startswith(DOOMED)))
    forgotten = slack_streams.c.at < moment - FORGOTTEN
    found = sa.select(slack_streams).where(sa.or_(settled, forgotten)).order_by(slack_streams.c.at).limit(limit)
    return [StreamRow(**row) for row in tx.execute(found).mappings()]
