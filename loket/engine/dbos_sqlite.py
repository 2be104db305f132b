"""The engine of the embedded form: DBOS on a SQLite file of its own, one process."""

from __future__ import annotations

import asyncio
import queue as threads
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import structlog

from loket.engine import RETRY_PAUSES, Handler, Queue
from loket.engine.attempts import attempt
from loket.engine.dbos_runtime import AT_ONCE, DbosRuntime
from loket.engine.in_flight import InFlight
from storage import Tx
from storage.faultpoint import reached

Submission = tuple[Queue, str, str, bool]
"""Queue, id, partition, and whether the id is surely new: then DBOS need not be asked what it knows of it."""


class SqliteEngine:
    """One per process. A thread of its own puts ids into the queue: that takes DBOS some ten milliseconds each."""

    def __init__(
        self,
        url: str,
        executor_id: str,
        pauses: Sequence[float] = RETRY_PAUSES,
        at_once: Mapping[Queue, int] = AT_ONCE,
    ) -> None:
        self._url = url
        self._executor_id = executor_id
        self._pauses = pauses
        self._runtime = DbosRuntime(url, executor_id, self._run, at_once)
        self._in_flight = InFlight()
        self._handlers: Mapping[Queue, Handler] = {}
        self._submissions: threads.Queue[Submission | None] = threads.Queue()
        self._submitter: threading.Thread | None = None
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`. What an earlier process left behind is taken up by DBOS itself."""
        self._handlers = handlers
        self._stopping = False
        await asyncio.to_thread(_switch_on_wal, self._url)
        await self._runtime.start()
        for left in await self._runtime.left():
            self._in_flight.offer((left.queue, left.work_id))
        self._submitter = threading.Thread(target=self._submit_all, name="loket-submitter", daemon=True)
        self._submitter.start()

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.enlist`. The queue is another file: a crash in between leaves the id to the sweep."""
        tx.after_commit.append(lambda: self._offer(queue, work_id, partition, new=True))

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`."""
        self._offer(queue, work_id, partition, new=False)

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.recall`. Everything that is queued or running is known here: there is no other process."""
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
        self._submissions.put(None)
        if self._submitter is None:
            return
        await asyncio.to_thread(self._submitter.join, 10)
        self._submitter = None
        await self._in_flight.rested(seconds)
        await self._runtime.stop()

    def _offer(self, queue: Queue, work_id: str, partition: str, *, new: bool) -> None:
        if self._submitter is None or self._stopping:
            return
        if self._in_flight.offer((queue, work_id)):
            self._submissions.put((queue, work_id, partition, new))

    async def _run(self, queue: Queue, work_id: str) -> None:
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
        reached(f"queue.{queue}.done")

    def _submit_all(self) -> None:
        while (submission := self._submissions.get()) is not None:
            queue, work_id, *_ = submission
            try:
                self._submit_one(*submission)
            except Exception as error:  # noqa: BLE001 - a queue database that fails must not end the thread
                self._in_flight.dropped((queue, work_id))
                structlog.get_logger("loket.engine").error(
                    "submit_failed", queue=queue.value, work_id=work_id, error=type(error).__name__
                )

    def _submit_one(self, queue: Queue, work_id: str, partition: str, new: bool) -> None:
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        workflow_id = f"{queue.value}:{work_id}"
        known = None if new else DBOS.get_workflow_status(workflow_id)
        if known is not None:
            if known.status == "ENQUEUED" or (known.status == "PENDING" and known.executor_id != self._executor_id):
                self._in_flight.dropped((queue, work_id))
                return
            # It ran to its end before and is wanted again: the sweep, or one more vote on the same action.
            workflow_id = f"{workflow_id}#{time.time_ns()}"
        reached("queue.submit.before_commit")
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(queue.value, self._runtime.workflow, queue.value, work_id)
        reached("queue.submit.after_commit")
        # DBOS orders by millisecond, then by workflow id: the next one must not share this one's.
        time.sleep(0.001)


def _switch_on_wal(url: str) -> None:
    # Without it an acknowledgement takes 1.5 s at p99 (measured, docs/performance.md). The mode persists in the file.
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
