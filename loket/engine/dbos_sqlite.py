"""The engine of the embedded form: DBOS on a SQLite file of its own, one process.

What waits lies in our own tables, and in the order of its lane in memory. DBOS is told of an action when it begins, and
has it taken up again after a crash; a turn, whose own transaction says all, is found by the sweep. DBOS's queue is not
used: asking a table for work ten times a second costs as much as the work (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import structlog

from core.write_ahead import write_ahead
from loket.engine import RECORDED, RETRY_PAUSES, Handler, Queue
from loket.engine.attempts import attempt
from loket.engine.dbos_runtime import AT_ONCE, OPEN, DbosRuntime
from loket.engine.in_flight import InFlight
from loket.engine.lanes import Lane, Lanes
from storage import Tx
from storage.faultpoint import reached

_LEAVE_QUEUE = """
UPDATE workflow_status SET status = 'CANCELLED', queue_name = NULL, completed_at = strftime('%s', 'now') * 1000
WHERE queue_name IN (?, ?) AND status IN (?, ?)
"""


class SqliteEngine:
    """One per process, and one process: everything that waits or runs is known here."""

    def __init__(
        self,
        url: str,
        executor_id: str,
        pauses: Sequence[float] = RETRY_PAUSES,
        at_once: Mapping[Queue, int] = AT_ONCE,
    ) -> None:
        self._url = url
        self._pauses = pauses
        self._at_once = at_once
        self._runtime = DbosRuntime(url, executor_id, self._run)
        self._in_flight = InFlight()
        self._lanes = Lanes(self._begin, at_once)
        self._handlers: Mapping[Queue, Handler] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._taken_up: set[tuple[Queue, str]] = set()
        self._open = asyncio.Event()
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`. What an earlier process left running is taken up by DBOS itself."""
        self._handlers = handlers
        self._lanes = Lanes(self._begin, self._at_once)
        self._stopping = False
        await asyncio.to_thread(_prepare, self._url)
        await self._runtime.start()
        for left in await self._runtime.left_here():
            if self._in_flight.offer((left.queue, left.work_id)):
                self._lanes.take((left.queue, left.partition))
                self._taken_up.add((left.queue, left.work_id))
        self._loop = asyncio.get_running_loop()
        self._open.set()

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.enlist`. A crash between the commit and the beginning leaves the id to the sweep."""
        tx.after_commit.append(lambda: self.submit(queue, work_id, partition))

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`."""
        if self._loop is None or self._stopping:
            return
        if self._in_flight.offer((queue, work_id)):
            self._loop.call_soon_threadsafe(self._lanes.put, work_id, (queue, partition))

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.recall`. Everything that waits or runs is known here: there is no other process."""
        if not self._in_flight.holds((queue, work_id)):
            self.submit(queue, work_id, partition)

    async def settle(self) -> None:
        """See `Engine.settle`."""
        await self._in_flight.settled()

    async def take_over(self, living: frozenset[str]) -> int:
        """See `Engine.take_over`: there are no others."""
        return 0

    async def forget(self, seconds: float) -> int:
        """See `Engine.forget`."""
        return await self._runtime.forget(seconds)

    async def stop(self, seconds: float = 30.0) -> None:
        """See `Engine.stop`."""
        self._stopping = True
        self._lanes.close()
        if self._loop is None:
            return
        self._loop = None
        await self._in_flight.rested(seconds)
        await self._runtime.stop()
        for task in self._under_way:
            task.cancel()
        self._open.clear()

    def _begin(self, work_id: str, lane: Lane) -> None:
        # In a context of its own: what is handed over may come from the midst of another piece of work.
        task = asyncio.create_task(self._worked(work_id, lane), context=contextvars.Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _worked(self, work_id: str, lane: Lane) -> None:
        """From the beginning until DBOS knows of the end: only then the next of this lane, or a crash repeats both."""
        queue, partition = lane
        try:
            if queue in RECORDED:
                await self._recorded(work_id, lane)
            else:
                await self._run(queue, work_id, partition)
        except Exception as error:  # noqa: BLE001 - whatever a queue database that fails raises: the sweep comes again
            self._in_flight.dropped((queue, work_id))
            structlog.get_logger("loket.engine").error(
                "submit_failed", queue=queue.value, work_id=work_id, error=type(error).__name__
            )
        self._lanes.end(lane)

    async def _recorded(self, work_id: str, lane: Lane) -> None:
        from dbos import DBOS, SetWorkflowID

        queue, partition = lane
        reached("queue.submit.before_commit")
        # An id may come back: the sweep, or one more vote on the same action.
        with SetWorkflowID(f"{queue.value}:{work_id}#{time.time_ns()}"):
            handle = await DBOS.start_workflow_async(self._runtime.workflow, queue.value, work_id, partition)
        reached("queue.submit.after_commit")
        await handle.get_result()

    async def _run(self, queue: Queue, work_id: str, partition: str) -> None:
        await self._open.wait()
        if self._stopping:
            # Returning would mark it done. It stays open and the next start takes it up.
            await asyncio.Event().wait()
        key = (queue, work_id)
        self._in_flight.started(key)
        reached(f"queue.{queue}.taken")
        again = True
        while again:
            await attempt(queue, self._handlers[queue], work_id, self._pauses)
            again = self._in_flight.finished(key)
        if key in self._taken_up:
            self._taken_up.discard(key)
            self._lanes.end((queue, partition))
        reached(f"queue.{queue}.done")


def _prepare(url: str) -> None:
    """Write-ahead log on, or an acknowledgement takes 1.5 s at p99 (docs/performance.md); it persists in the file.

    What an earlier version left in DBOS's queue leaves it: nobody asks that queue any more, and the sweep finds it in
    our own tables.
    """
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        write_ahead(connection)
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'workflow_status'").fetchone():
            with connection:
                connection.execute(_LEAVE_QUEUE, (*Queue, *OPEN))
