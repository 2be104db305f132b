"""DBOS Transact in this process: started, told what to run, asked who died, stopped.

DBOS holds ids only. A workflow has no steps: run again after a crash it calls the handler again, which finds in our
own tables what is left to do (ADR 0004).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from loket.engine import Queue
from storage import Tx

RECOVERY_ATTEMPTS = 3
# A hash of the sources (the default) would strand queued rows at every deploy.
APPLICATION_VERSION = "loket"
APPLICATION = "loket"
WORKFLOW = "work"
OPEN = ("ENQUEUED", "PENDING")
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
ROWS_AT_ONCE = 500
AT_ONCE: Mapping[Queue, int] = {Queue.TURNS: 48, Queue.ACTIONS: 8}
"""How many pieces of each queue one process runs at a time, where nobody says otherwise."""

_LEAVE_QUEUE = sa.text(
    "UPDATE dbos.workflow_status SET status = 'CANCELLED', queue_name = NULL"
    " WHERE queue_name = ANY(:queues) AND status = 'ENQUEUED'"
)

Run = Callable[[Queue, str, str], Awaitable[None]]
"""Does one piece of work: its queue, its id, and what it was begun with: the partition, or the mark of a claim."""


@dataclass(frozen=True, slots=True)
class Left:
    """A piece of work that an earlier process had begun and that DBOS takes up again."""

    queue: Queue
    work_id: str
    partition: str


class DbosRuntime:
    """One per process: DBOS keeps its state in module globals. `executor_id` is unique and stable per process.

    DBOS's own queue is not used: a look into it costs as much as a piece of work (docs/performance.md, Overhead).
    """

    def __init__(self, url: str, executor_id: str, run: Run) -> None:
        self._url = url
        self._executor_id = executor_id
        self._run = run
        self.workflow: Any = None

    async def start(self, *, migrates: bool = True) -> None:
        """Launch; what an earlier process of this executor left behind is taken up by DBOS itself.

        `migrates`: whether this process may make and change DBOS's own tables.
        """
        from dbos import DBOS

        # DBOS would log to the terminal if its logger had no handler.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._url,
                "executor_id": self._executor_id,
                "application_version": APPLICATION_VERSION,
                "sys_db_pool_size": 4,
                "log_level": "WARNING",
                "run_migrations": migrates,
            }
        )
        self.workflow = self._register()
        DBOS.listen_queues([])
        DBOS.launch()

    async def do(self, queue: Queue, work_id: str, mark: str) -> None:
        """Run a piece of work as a workflow, until DBOS knows of the end. Its id: queue, id and `mark`, never twice."""
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(f"{queue.value}:{work_id}#{mark}"):
            handle = await DBOS.start_workflow_async(self.workflow, queue.value, work_id, mark)
        await handle.get_result()

    async def left_here(self) -> list[Left]:
        """What DBOS takes up again in this process: not what took too many processes down."""
        from dbos import DBOS

        rows = await DBOS.list_workflows_async(status=list(OPEN), load_input=True, load_output=False)
        return [
            _left(row)
            for row in rows
            if row.input is not None
            and (row.status == "ENQUEUED" or row.executor_id == self._executor_id)
            and (row.recovery_attempts or 0) <= RECOVERY_ATTEMPTS
        ]

    async def take_over(self, living: frozenset[str]) -> int:
        """See `Engine.take_over`. Two that do it at once do no harm: the queue hands each piece out once."""
        from dbos import DBOS

        rows = await DBOS.list_workflows_async(status=["PENDING"], load_input=False, load_output=False)
        names = {str(row.executor_id) for row in rows} - living - {self._executor_id}
        dead = sum(row.executor_id in names for row in rows)
        if names:
            await asyncio.to_thread(DBOS._recover_pending_workflows, sorted(names))  # open source has no public way
        return dead

    async def forget(self, seconds: float) -> int:
        """See `Engine.forget`: open-source DBOS forgets nothing by itself."""
        from dbos import DBOS

        rows = await DBOS.list_workflows_async(
            status=list(OVER),
            completed_before=(datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(),
            load_input=False,
            load_output=False,
            limit=ROWS_AT_ONCE,
        )
        if rows:
            await DBOS.delete_workflows_async([row.workflow_id for row in rows])
        return len(rows)

    async def stop(self) -> None:
        """End DBOS's threads. What still runs stays open in its tables."""
        from dbos import DBOS

        # DBOS makes its own pool the loop's default and shuts it down: give the loop a fresh one first.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)

    def _register(self) -> Any:
        from dbos import DBOS
        from dbos import WorkflowSerializationFormat as Format

        @DBOS.workflow(name=WORKFLOW, serialization_type=Format.PORTABLE, max_recovery_attempts=RECOVERY_ATTEMPTS)
        async def work(queue: str, work_id: str, partition: str = "") -> None:
            await self._run(Queue(queue), work_id, partition)

        return work


def leave_queue(tx: Tx) -> None:
    """An earlier version let work wait in DBOS's queue: nobody asks that any more, and the sweep finds it."""
    tx.execute(_LEAVE_QUEUE, {"queues": [queue.value for queue in Queue]})


def _left(row: Any) -> Left:
    queue, work_id, *partition = row.input["args"]
    return Left(Queue(queue), str(work_id), "".join(partition))
