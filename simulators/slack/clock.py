"""The simulator's time: the machine's, plus what a test moved it by."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds since 1970, which a test can move forward; who sleeps by it wakes up when it is moved."""

    __slots__ = ("_last", "_moved", "_sleepers")

    def __init__(self) -> None:
        self._moved = 0.0
        self._last = 0
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def now(self) -> float:
        """Seconds since 1970, moved."""
        return time.time() + self._moved

    def stamp(self) -> str:
        """A message's `ts`: never the same twice, always later than the one before."""
        self._last = max(self._last + 1, int(self.now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def advance(self, seconds: float) -> None:
        """Move time forward by `seconds`."""
        self._moved += seconds
        now = self.now()
        for sleeper, due in list(self._sleepers.items()):
            if due <= now and not sleeper.done():
                sleeper.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock."""
        if seconds <= 0:
            return
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        self._sleepers[sleeper] = self.now() + seconds
        alarm = loop.call_later(seconds, _wake, sleeper)
        try:
            await sleeper
        finally:
            alarm.cancel()
            del self._sleepers[sleeper]


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
