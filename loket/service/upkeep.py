"""What is done once an hour, by whoever sweeps: forget what is too old."""

from __future__ import annotations

import asyncio
import contextlib

import sqlalchemy as sa
import structlog

from core.errors import LoketError
from loket.counter import Counter
from loket.retention.retention import Retention, periods_of
from loket.settings import Settings

EVERY_SECONDS = 3_600.0
FIRST_SECONDS = 60.0
"""Not while a process starts: then people wait."""


class Upkeep:
    """Runs `Retention.once` every hour. In several processes side by side it does no harm."""

    def __init__(self, counter: Counter, settings: Settings) -> None:
        periods = periods_of(settings.agent, settings.retention)
        self._retention = Retention(
            counter.database, counter.home, periods, settings.retention.batch, counter.engine.forget
        )
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Begin, a minute from now."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Finish the round under way: its batches are small."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        pause = FIRST_SECONDS
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            if self._stopping.is_set():
                return
            try:
                await self._retention.once()
            except (LoketError, OSError, sa.exc.SQLAlchemyError) as error:  # the next round does the same work
                structlog.get_logger("loket.upkeep").error("pruning_failed", error=type(error).__name__)
            pause = EVERY_SECONDS
