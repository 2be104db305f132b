"""Queues side by side: the items of one lane one after the other; a lane that is stuck holds up no other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Lanes(Generic[K, T]):
    """`work` is called with all that waits in one lane, oldest first, and must not raise. One event loop only."""

    def __init__(self, work: Callable[[list[T]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: dict[K, deque[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.count = 0
        """How many items wait or are being worked on."""

    def put(self, lane: K, item: T) -> None:
        """Add an item to the end of its lane."""
        self.count += 1
        if lane in self._waiting:
            self._waiting[lane].append(item)
            return
        self._waiting[lane] = deque([item])
        task = asyncio.get_running_loop().create_task(self._drain(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def below(self, count: int) -> None:
        """Wait until fewer than `count` items are there."""
        while self.count >= count:
            self._changed.clear()
            await self._changed.wait()

    async def _drain(self, lane: K) -> None:
        waiting = self._waiting[lane]
        while waiting:
            items = list(waiting)
            waiting.clear()
            try:
                await self._work(items)
            finally:
                self.count -= len(items)
                self._changed.set()
        del self._waiting[lane]
