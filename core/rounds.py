"""A background task that runs again and again, with a pause between, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


class Rounds:
    """Calls `once`, and again every `seconds`, from `start` to `stop`. Use it on one event loop.

    What a round raises is handed to `failed`, which says it in a log; the next round comes all the same. The first
    round is `first` seconds after the start. `eager`: as long as a round returns something true there is more to do,
    and the next follows without a pause. `soonest` seconds lie between two rounds, whatever `soon` is told.
    """

    def __init__(
        self,
        once: Callable[[], Awaitable[object]],
        seconds: float,
        failed: Callable[[Exception], None],
        *,
        first: float = 0.0,
        eager: bool = False,
        soonest: float = 0.0,
    ) -> None:
        self._once = once
        self._seconds = seconds
        self._failed = failed
        self._first = first
        self._eager = eager
        self._soonest = min(soonest, seconds)
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    @property
    def are_running(self) -> bool:
        """Whether they were started and not stopped since."""
        return self._task is not None

    def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._woken.clear()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Finish the round under way, and begin no other."""
        # An event and not a cancellation: a round that writes is to end where it means to.
        self._stopping.set()
        self._woken.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def give_up(self) -> None:
        """Begin no other round, and break off the one under way: for rounds that wait for others and write little."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def soon(self) -> None:
        """There is a reason to begin the next round before its time. Never waits."""
        self._woken.set()

    async def _run(self) -> None:
        await _happens(self._stopping, self._first)
        while not self._stopping.is_set():
            try:
                more = await self._once()
            except Exception as error:  # noqa: BLE001 - a round that fails must not be the last one
                more = False
                self._failed(error)
            if not (self._eager and more):
                await self._pause()

    async def _pause(self) -> None:
        await _happens(self._stopping, self._soonest)
        await _happens(self._woken, self._seconds)
        self._woken.clear()


async def _happens(event: asyncio.Event, seconds: float) -> None:
    """Until it happens, `seconds` at most; without any it is not even looked at."""
    if seconds > 0 and not event.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
