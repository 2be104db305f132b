"""The engine inside one process, on its event loop: for tests, the terminal and one-off questions.

It keeps nothing on disk: the inbox and the ledger do, and the sweep submits what a dead process left behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from loket.engine import RETRY_PAUSES, Handler, Queue
from loket.engine.attempts import attempt
from loket.engine.in_flight import InFlight
from storage import Tx


class InlineEngine:
    """One task a lane; a lane is one partition of one queue."""

    def __init__(self, pauses: Sequence[float] = RETRY_PAUSES) -> None:
        self._pauses = pauses
        self._in_flight = InFlight()
        self._handlers: Mapping[Queue, Handler] = {}
        self._lanes: dict[tuple[Queue, str], deque[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`."""
        self._handlers = handlers
        self._loop = asyncio.get_running_loop()
        self._stopping = False

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`. Before `start` and after `stop` the id is left to the sweep."""
        if self._loop is None or self._stopping:
            return
        if self._in_flight.offer((queue, work_id)):
            self._loop.call_soon_threadsafe(self._place, queue, work_id, partition)

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.enlist`."""
        tx.after_commit.append(lambda: self.submit(queue, work_id, partition))

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.recall`."""
        if not self._in_flight.holds((queue, work_id)):
            self.submit(queue, work_id, partition)

    async def take_over(self, living: frozenset[str]) -> int:
        """See `Engine.take_over`: there are no others."""
        return 0

    async def forget(self, seconds: float) -> int:
        """See `Engine.forget`: nothing is kept."""
        return 0

    async def settle(self) -> None:
        """See `Engine.settle`."""
        await self._in_flight.settled()

    async def stop(self, seconds: float = 30.0) -> None:
        """See `Engine.stop`."""
        self._stopping = True
        await self._in_flight.rested(seconds)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lanes.clear()

    def _place(self, queue: Queue, work_id: str, partition: str) -> None:
        lane = self._lanes.setdefault((queue, partition), deque())
        lane.append(work_id)
        if len(lane) == 1:
            task = asyncio.get_running_loop().create_task(self._drain(queue, partition, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, queue: Queue, partition: str, lane: deque[str]) -> None:
        while lane and not self._stopping:
            await self._run(queue, lane[0])
            lane.popleft()
        if not lane:
            self._lanes.pop((queue, partition), None)

    async def _run(self, queue: Queue, work_id: str) -> None:
        key = (queue, work_id)
        self._in_flight.started(key)
        again = True
        while again:
            await attempt(queue, self._handlers[queue], work_id, self._pauses)
            again = self._in_flight.finished(key) and not self._stopping
