"""The sweep: every few seconds, finds messages, actions and replies that nobody is working on, and passes them on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from core.errors import where
from core.measures import Measures, Relay
from core.rounds import Rounds
from loket.engine import Engine, Queue
from storage import Database, Tx
from storage.faultpoint import reached


class Sweepable(Protocol):
    """What the sweep needs of the gate."""

    async def sweep(self) -> None:
        """Expiry, reminders, and a wake-up for every approved or unfinished action."""


class Sweep:
    """Submits unhandled messages again, lets the gate look at its clock, and wakes delivery.

    `unhandled` reads the inbox: (event id, partition), oldest first. `seconds` lie between two rounds.
    """

    def __init__(
        self,
        database: Database,
        gate: Sweepable,
        engine: Engine,
        unhandled: Callable[[Tx], list[tuple[str, str]]],
        deliver: Callable[[], Awaitable[object]],
        seconds: float = 2.0,
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._gate = gate
        self._engine = engine
        self._unhandled = unhandled
        self._deliver = deliver
        self.seconds = seconds
        self._measures = measures or Relay()
        self._rounds = Rounds(self._measured, seconds, _failed)

    async def once(self) -> None:
        """One round. An id that is queued or running already is not queued twice: the engine sees to that."""
        reached("sweep.begun")
        for event_id, partition in await self._database.read(self._unhandled):
            self._engine.recall(Queue.TURNS, event_id, partition)
        await self._gate.sweep()
        reached("sweep.gate_looked")
        await self._deliver()

    async def start(self) -> None:
        """Sweep now and then every few seconds."""
        self._rounds.start()

    async def stop(self) -> None:
        """Finish the round under way and sweep no more."""
        await self._rounds.stop()

    async def _measured(self) -> None:
        began, failed = time.perf_counter(), True
        try:
            await self.once()
            failed = False
        finally:
            self._measures.swept(time.perf_counter() - began, failed=failed)


def _failed(error: Exception) -> None:
    structlog.get_logger("loket.sweep").error("sweep_failed", error=type(error).__name__, at=where(error))
