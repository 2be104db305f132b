"""How a contestant learns that its turns have ended: told by its own process, or found in the table that all share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import sqlalchemy as sa

from agent.tables import turns
from agent.turn import TurnSummary
from storage import Database, Tx

LOOK_SECONDS = 0.1

Ending = tuple[str, str]
"""How a turn ended: its outcome, and which model answered."""


@dataclass
class EndedTurns:
    """The turns that somebody waits for. `hear` is for those that end here; `look` finds those of other processes."""

    waiting: dict[str, asyncio.Future[Ending]] = field(default_factory=dict)

    def expect(self, event_id: str) -> asyncio.Future[Ending]:
        """The end of this turn, to be waited for."""
        ended = self.waiting[event_id] = asyncio.get_running_loop().create_future()
        return ended

    def hear(self, turn: TurnSummary) -> None:
        """A turn has ended in this process."""
        if turn.outcome is not None:
            self._end(turn.event_id, (turn.outcome.value, turn.model))

    async def look(self, database: Database) -> None:
        """Look into the table, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for event_id, ending in (await database.read(self._found)).items():
                self._end(event_id, ending)

    def _found(self, tx: Tx) -> dict[str, Ending]:
        rows = tx.execute(sa.select(turns).where(turns.c.event_id.in_(list(self.waiting))))
        return {row.event_id: (row.outcome, row.model) for row in rows}

    def _end(self, event_id: str, ending: Ending) -> None:
        ended = self.waiting.pop(event_id, None)
        if ended is not None:
            ended.set_result(ending)
