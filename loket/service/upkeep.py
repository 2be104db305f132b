"""What is done once an hour: text that is too old is removed, links of accounts that nobody needs are ended."""

from __future__ import annotations

import structlog

from core.errors import where
from core.rounds import Rounds
from loket.counter import Counter
from loket.linking.keeping import LinkKeeping
from loket.retention.retention import Retention, periods_of
from loket.settings import Settings

EVERY_SECONDS = 3_600.0
FIRST_SECONDS = 60.0
"""Not while a process starts: then people wait."""


class Upkeep:
    """Runs `Retention.once` and `LinkKeeping.once` every hour. In several processes side by side it does no harm."""

    def __init__(self, counter: Counter, settings: Settings) -> None:
        periods = periods_of(settings.agent, settings.retention)
        forget, batch = counter.engine.forget, settings.retention.batch
        retention = Retention(counter.database, counter.home, periods, batch, forget)
        keeping = LinkKeeping(counter.database, counter.directory)
        self._rounds = [
            Rounds(one, EVERY_SECONDS, _failed, first=FIRST_SECONDS) for one in (retention.once, keeping.once)
        ]

    async def start(self) -> None:
        """Begin, a minute from now."""
        for rounds in self._rounds:
            rounds.start()

    async def stop(self) -> None:
        """Finish the round under way: its batches are small."""
        for rounds in self._rounds:
            await rounds.stop()


def _failed(error: Exception) -> None:
    structlog.get_logger("loket.upkeep").error("pruning_failed", error=type(error).__name__, at=where(error))
