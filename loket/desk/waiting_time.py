"""Estimates how long a new message will wait: how many questions are open, and how fast they are being answered.

One look into the table a second at most, and none while nobody writes.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agent.inbox import WAITING
from agent.tables import inbox
from core.errors import ConnectorError
from storage import Database, Tx, now

FRESH_SECONDS = 1.0
FORGOTTEN_SECONDS = 30.0
"""A longer time without a look says nothing of how fast questions are answered now."""
SMOOTH_SECONDS = 10.0
MOST = 5_000
"""More need not be told apart."""
FEW = 4
"""With fewer waiting, who answers may have had nothing to do: that is no measure of how fast they are."""
SLOWEST = 0.05
"""Answers a second; below that nobody can say how long it will take."""
_DEPTH = sa.select(sa.func.count()).select_from(
    sa.select(sa.literal(1)).select_from(inbox).where(inbox.c.state == WAITING).limit(MOST).subquery()
)
_CAME = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.received_at > sa.bindparam("since"))
_LOOK = sa.select(_DEPTH.scalar_subquery().label("depth"), _CAME.scalar_subquery().label("came"))


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many wait, and in how many seconds the last of them is answered at the recent pace; None: not known."""

    count: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look: by our clock, by the database's, and what waited."""

    at: float
    moment: datetime
    depth: int


class WaitingTime:
    """What waits for a turn, in all processes together. `clock` gives seconds that only grow."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._seen: _Seen | None = None
        self._pace: float | None = None
        self._looking: asyncio.Task[None] | None = None

    async def ahead(self, within: float) -> Ahead | None:
        """What waits now; None where the database does not say so `within` seconds."""
        if self._seen is None or self._clock() - self._seen.at >= FRESH_SECONDS:
            if self._looking is None:
                self._looking = asyncio.get_running_loop().create_task(self._look())
                self._looking.add_done_callback(self._looked)
            await asyncio.wait({self._looking}, timeout=within)
        if self._seen is None or self._clock() - self._seen.at > FORGOTTEN_SECONDS:
            return None
        pace = self._pace if self._pace is not None and self._pace >= SLOWEST else None
        return Ahead(self._seen.depth, None if pace is None else self._seen.depth / pace)

    def _looked(self, looking: asyncio.Task[None]) -> None:
        self._looking = None
        if not looking.cancelled() and isinstance(looking.exception(), ConnectorError):
            self._seen = None  # the database is away: nothing that was known of it holds

    async def _look(self) -> None:
        since = self._seen.moment if self._seen is not None else None
        depth, came, moment = await self._database.read(lambda tx: _look(tx, since))
        seen, before = _Seen(self._clock(), moment, depth), self._seen
        if before is None or seen.at - before.at > FORGOTTEN_SECONDS:
            self._pace = None
        elif min(depth, before.depth) >= FEW and max(depth, before.depth) < MOST:
            self._note(max(0, came - (depth - before.depth)), seen.at - before.at)
        self._seen = seen

    def _note(self, answered: int, seconds: float) -> None:
        """So many were answered in so many seconds: the newest counts most."""
        if seconds <= 0:
            return
        share = 1.0 if self._pace is None else 1 - math.exp(-seconds / SMOOTH_SECONDS)
        self._pace = answered / seconds * share + (self._pace or 0.0) * (1 - share)


def _look(tx: Tx, since: datetime | None) -> tuple[int, int, datetime]:
    moment = now(tx)
    row = tx.execute(_LOOK, {"since": since or moment}).one()
    return row.depth, row.came, moment
