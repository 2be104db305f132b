"""Which ids are queued or running in this process: one id is one piece of work, and no wake-up is lost."""

from __future__ import annotations

import asyncio
import threading
from enum import Enum

from loket.engine import Queue

Key = tuple[Queue, str]


class _Stage(Enum):
    QUEUED = 1
    RUNNING = 2
    RUNNING_AND_ASKED_AGAIN = 3


class InFlight:
    """Thread-safe: `offer` is called wherever a transaction committed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stages: dict[Key, _Stage] = {}

    def offer(self, key: Key) -> bool:
        """True when the id must be queued; false when it is already, or will run once more after it has run."""
        with self._lock:
            stage = self._stages.get(key)
            if stage is None:
                self._stages[key] = _Stage.QUEUED
                return True
            if stage is _Stage.RUNNING:
                self._stages[key] = _Stage.RUNNING_AND_ASKED_AGAIN
            return False

    def holds(self, key: Key) -> bool:
        """Whether the id is queued or running."""
        with self._lock:
            return key in self._stages

    def started(self, key: Key) -> None:
        """The handler is about to be called."""
        with self._lock:
            self._stages[key] = _Stage.RUNNING

    def finished(self, key: Key) -> bool:
        """The handler returned; true when the id was submitted meanwhile and must run once more."""
        with self._lock:
            again = self._stages.get(key) is _Stage.RUNNING_AND_ASKED_AGAIN
            if again:
                self._stages[key] = _Stage.RUNNING
            else:
                self._stages.pop(key, None)
            return again

    def dropped(self, key: Key) -> None:
        """The id will not run here."""
        with self._lock:
            self._stages.pop(key, None)

    @property
    def busy(self) -> bool:
        """Whether anything is queued or running."""
        return bool(self._stages)

    @property
    def running(self) -> bool:
        """Whether a handler is being called right now."""
        with self._lock:
            return any(stage is not _Stage.QUEUED for stage in self._stages.values())

    async def settled(self) -> None:
        """Wait until nothing is queued or running."""
        while self.busy:  # noqa: ASYNC110 - the stages change in other threads; 5 ms is nothing here
            await asyncio.sleep(0.005)

    async def rested(self, seconds: float) -> None:
        """Wait until no handler is being called, at most `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.running and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
