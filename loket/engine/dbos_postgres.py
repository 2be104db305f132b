"""The engine on Postgres: queue and ledger in one database, as many processes as needed.

Work is put into DBOS's queue with DBOS's own SQL function, so that an event and its place in the queue are one
transaction, and a process that only takes events in runs no DBOS at all.
"""

from __future__ import annotations

import asyncio
import queue as threads
import threading
import time
import uuid
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import structlog

from core.errors import ConfigError, LoketError
from loket.engine import RETRY_PAUSES, Handler, Queue
from loket.engine.attempts import attempt
from loket.engine.dbos_runtime import APPLICATION, AT_ONCE, WORKFLOW, DbosRuntime
from loket.engine.in_flight import InFlight
from storage import Database, Tx
from storage.faultpoint import around_commit, reached

BATCH = 100

_PUT = sa.text(
    "SELECT dbos.enqueue_workflow(:workflow, :queue,"
    " ARRAY[to_json(CAST(:queue AS text)), to_json(CAST(:work_id AS text))],"
    " workflow_id => :id, queue_partition_key => :partition, application_name => :application)"
)
# What is queued already is the same piece of work; what runs is run once more afterwards, unless `recall` asks.
_OPEN = sa.text(
    "SELECT 1 FROM dbos.workflow_status WHERE queue_name = :queue AND queue_partition_key = :partition"
    " AND status = ANY(:statuses)"
    " AND (CAST(:whole AS boolean) OR workflow_uuid = :first OR workflow_uuid LIKE :later) LIMIT 1"
)
_LEFT = sa.text("SELECT 1 FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING') LIMIT 1")

Submission = tuple[Queue, str, str, bool]


class PostgresEngine:
    """`at_once` names the queues this process works on; none of them: it only hands work over.

    `migrates`: whether this process may make and change DBOS's tables, which it shares with all others.
    """

    def __init__(
        self,
        database: Database,
        executor_id: str,
        pauses: Sequence[float] = RETRY_PAUSES,
        at_once: Mapping[Queue, int] = AT_ONCE,
        *,
        migrates: bool = True,
    ) -> None:
        self.database = database
        self._pauses = pauses
        self._runtime = DbosRuntime(database.url, executor_id, self._run, at_once) if at_once else None
        self._migrates = migrates
        self._in_flight = InFlight()
        self._handlers: Mapping[Queue, Handler] = {}
        self._submissions: threads.Queue[Submission | None] = threads.Queue()
        self._submitter: threading.Thread | None = None
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`. Raises `ConfigError` when the queue's tables are not there."""
        self._handlers = handlers
        self._stopping = False
        if self._runtime is not None:
            await self._runtime.start(migrates=self._migrates)
        else:
            await self.database.read(_refuse_without_queue)
        self._submitter = threading.Thread(target=self._submit_all, name="loket-submitter", daemon=True)
        self._submitter.start()

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.enlist`: the same transaction."""
        _put(tx, queue, work_id, partition, f"{queue.value}:{work_id}")

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`."""
        if self._submitter is not None and not self._stopping:
            self._submissions.put((queue, work_id, partition, False))

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.recall`."""
        if self._submitter is not None and not self._stopping:
            self._submissions.put((queue, work_id, partition, True))

    async def settle(self) -> None:
        """See `Engine.settle`: here, nothing is left in the queue for anybody."""
        while (  # noqa: ASYNC110 - other threads and processes do the work
            self._submissions.unfinished_tasks or self._in_flight.busy or await self.database.read(_anything_left)
        ):
            await asyncio.sleep(0.02)

    async def take_over(self, living: frozenset[str]) -> int:
        """See `Engine.take_over`."""
        if self._runtime is None or self._stopping:
            return 0
        return await self._runtime.take_over(living)

    async def forget(self, seconds: float) -> int:
        """See `Engine.forget`."""
        return await self._runtime.forget(seconds) if self._runtime is not None else 0

    async def stop(self, seconds: float = 30.0) -> None:
        """See `Engine.stop`."""
        self._stopping = True
        self._submissions.put(None)
        if self._submitter is None:
            return
        await asyncio.to_thread(self._submitter.join, 10)
        self._submitter = None
        await self._in_flight.rested(seconds)
        if self._runtime is not None:
            await self._runtime.stop()

    async def _run(self, queue: Queue, work_id: str, _partition: str) -> None:
        if self._stopping:
            # Returning would mark it done. It stays open; the next start, or another process, takes it up.
            await asyncio.Event().wait()
        key = (queue, f"{work_id}#{uuid.uuid4().hex}")
        self._in_flight.started(key)
        reached(f"queue.{queue}.taken")
        try:
            await attempt(queue, self._handlers[queue], work_id, self._pauses)
        finally:
            self._in_flight.finished(key)
        reached(f"queue.{queue}.done")

    def _submit_all(self) -> None:
        while (first := self._submissions.get()) is not None:
            taken = [first]
            while len(taken) < BATCH and not self._submissions.empty():
                following = self._submissions.get()
                if following is None:
                    self._submissions.put(None)
                    break
                taken.append(following)
            for batch in _in_order(taken):
                self._submit(batch)
                time.sleep(0.001)
            for _ in taken:
                self._submissions.task_done()

    def _submit(self, batch: list[Submission]) -> None:
        try:
            with self.database.transaction() as tx:
                for queue, work_id, partition, only_if_idle in batch:
                    if not _is_open(tx, queue, work_id, partition, only_if_idle):
                        _put(tx, queue, work_id, partition, f"{queue.value}:{work_id}#{uuid.uuid4().hex[:12]}")
                around_commit(tx, "queue.submit")
        except (LoketError, sa.exc.SQLAlchemyError) as error:  # the sweep brings them back
            structlog.get_logger("loket.engine").error("submit_failed", count=len(batch), error=type(error).__name__)


def _in_order(submissions: Sequence[Submission]) -> list[list[Submission]]:
    """In as few transactions as keep the order: DBOS orders by millisecond, so no partition is twice in one."""
    batches: list[dict[str, Submission]] = []
    for one in dict.fromkeys(submissions):
        free = next((batch for batch in batches if one[2] not in batch), None)
        if free is None:
            batches.append({one[2]: one})
        else:
            free[one[2]] = one
    return [list(batch.values()) for batch in batches]


def _put(tx: Tx, queue: Queue, work_id: str, partition: str, workflow_id: str) -> None:
    values = {
        "workflow": WORKFLOW,
        "queue": queue.value,
        "work_id": work_id,
        "id": workflow_id,
        "partition": partition,
        "application": APPLICATION,
    }
    tx.execute(_PUT, values)


def _is_open(tx: Tx, queue: Queue, work_id: str, partition: str, only_if_idle: bool) -> bool:
    """Whether this id is queued; `only_if_idle`: whether anything of its partition is queued or running."""
    first = f"{queue.value}:{work_id}"
    values = {
        "queue": queue.value,
        "partition": partition,
        "statuses": ["ENQUEUED", "PENDING"] if only_if_idle else ["ENQUEUED"],
        "whole": only_if_idle,
        "first": first,
        "later": first.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "#%",
    }
    return tx.execute(_OPEN, values).first() is not None


def _anything_left(tx: Tx) -> bool:
    return tx.execute(_LEFT).first() is not None


def _refuse_without_queue(tx: Tx) -> None:
    if tx.execute(sa.text("SELECT to_regclass('dbos.workflow_status')")).scalar() is None:
        raise ConfigError("the tables of the queue are not there: run `loket migrate` once")
