"""The engine on DBOS Transact: queued work survives the process, on SQLite in the home folder or on Postgres.

DBOS holds ids only. A workflow has no steps: run again after a crash it calls the handler again, which finds in our
own tables what is left to do (ADR 0004).
"""

from __future__ import annotations

import asyncio
import logging
import queue as threads
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog

from loket.engine import RETRY_PAUSES, Handler, Queue
from loket.engine.attempts import attempt
from loket.engine.in_flight import InFlight

STOP_SECONDS = 30.0
POLLING_SECONDS = 0.1
RECOVERY_ATTEMPTS = 3
# A hash of the sources (the default) would strand queued rows at every deploy.
APPLICATION_VERSION = "loket"
OPEN = ("ENQUEUED", "PENDING")

Submission = tuple[Queue, str, str]


class DbosEngine:
    """One per process: DBOS keeps its state in module globals. `executor_id` is unique and stable per process."""

    def __init__(self, url: str, executor_id: str, pauses: Sequence[float] = RETRY_PAUSES) -> None:
        self._url = url
        self._executor_id = executor_id
        self._pauses = pauses
        self._in_flight = InFlight()
        self._handlers: Mapping[Queue, Handler] = {}
        self._submissions: threads.Queue[Submission | None] = threads.Queue()
        self._submitter: threading.Thread | None = None
        self._workflow: Any = None
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`. What an earlier process of this executor left behind is taken up by DBOS itself."""
        from dbos import DBOS

        self._handlers = handlers
        self._stopping = False
        if self._url.startswith("sqlite"):
            await asyncio.to_thread(_switch_on_wal, self._url)
        # DBOS would log to the terminal if its logger had no handler.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(
            config={
                "name": "loket",
                "system_database_url": self._url,
                "executor_id": self._executor_id,
                "application_version": APPLICATION_VERSION,
                "log_level": "WARNING",
            }
        )
        self._workflow = self._register()
        DBOS.launch()
        for queue in Queue:
            await DBOS.register_queue_async(queue.value, partition_concurrency=1, polling_interval_sec=POLLING_SECONDS)
        left_behind = await DBOS.list_workflows_async(status=list(OPEN), load_input=True, load_output=False)
        for row in left_behind:
            if row.input is not None:
                queue_name, work_id = row.input["args"]
                self._in_flight.offer((Queue(queue_name), work_id))
        self._submitter = threading.Thread(target=self._submit_all, name="loket-submitter", daemon=True)
        self._submitter.start()

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`."""
        if self._submitter is None or self._stopping:
            return
        if self._in_flight.offer((queue, work_id)):
            self._submissions.put((queue, work_id, partition))

    async def settle(self) -> None:
        """See `Engine.settle`."""
        await self._in_flight.settled()

    async def stop(self) -> None:
        """See `Engine.stop`."""
        from dbos import DBOS

        self._stopping = True
        self._submissions.put(None)
        if self._submitter is not None:
            await asyncio.to_thread(self._submitter.join, 10)
            self._submitter = None
        await self._in_flight.rested(STOP_SECONDS)
        loop = asyncio.get_running_loop()
        # DBOS makes its own pool the loop's default and shuts it down: give the loop a fresh one first.
        loop.set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)

    def _register(self) -> Any:
        from dbos import DBOS
        from dbos import WorkflowSerializationFormat as Format

        @DBOS.workflow(name="work", serialization_type=Format.PORTABLE, max_recovery_attempts=RECOVERY_ATTEMPTS)
        async def work(queue: str, work_id: str) -> None:
            await self._run(Queue(queue), work_id)

        return work

    async def _run(self, queue: Queue, work_id: str) -> None:
        if self._stopping:
            # Returning would mark it done. It stays open and the next start takes it up.
            await asyncio.Event().wait()
        key = (queue, work_id)
        self._in_flight.started(key)
        again = True
        while again:
            await attempt(queue, self._handlers[queue], work_id, self._pauses)
            again = self._in_flight.finished(key)

    def _submit_all(self) -> None:
        while (submission := self._submissions.get()) is not None:
            queue, work_id, _ = submission
            try:
                self._submit_one(*submission)
            except Exception as error:  # noqa: BLE001 - a queue database that fails must not end the thread
                self._in_flight.dropped((queue, work_id))
                structlog.get_logger("loket.engine").error(
                    "submit_failed", queue=queue.value, work_id=work_id, error=type(error).__name__
                )

    def _submit_one(self, queue: Queue, work_id: str, partition: str) -> None:
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        workflow_id = f"{queue.value}:{work_id}"
        known = DBOS.get_workflow_status(workflow_id)
        if known is not None:
            if known.status == "ENQUEUED" or (known.status == "PENDING" and known.executor_id != self._executor_id):
                self._in_flight.dropped((queue, work_id))
                return
            # It ran to its end before and is wanted again: the sweep, or one more vote on the same action.
            workflow_id = f"{workflow_id}#{time.time_ns()}"
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(queue.value, self._workflow, queue.value, work_id)
        # DBOS orders by millisecond, then by workflow id: the next one must not share this one's.
        time.sleep(0.001)


def _switch_on_wal(url: str) -> None:
    # Without it an acknowledgement takes 1.5 s at p99 (measured, docs/performance.md). The mode persists in the file.
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
