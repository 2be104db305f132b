"""Handing work in from any thread, also from the midst of a transaction: in the order given, many at a time."""

from __future__ import annotations

import asyncio
import queue as threads
import threading
from collections.abc import Callable

import sqlalchemy as sa
import structlog

from core.errors import LoketError
from loket.engine import Queue, work
from storage import Database
from storage.faultpoint import around_commit

BATCH = 100
Submission = tuple[Queue, str, str, bool]


class Submitter:
    """One thread. `announce` is called for each queue that something was put in, once it is."""

    def __init__(self, database: Database, announce: Callable[[Queue], None]) -> None:
        self._database = database
        self._announce = announce
        self._waiting: threads.Queue[Submission | None] = threads.Queue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what was put before was left to the sweep."""
        self._thread = threading.Thread(target=self._submit_all, name="loket-submitter", daemon=True)
        self._thread.start()

    def put(self, queue: Queue, work_id: str, partition: str, *, if_idle: bool = False) -> None:
        """Returns at once. Before the start and after the end: left to the sweep."""
        if self._thread is not None:
            self._waiting.put((queue, work_id, partition, if_idle))

    @property
    def is_busy(self) -> bool:
        """Whether anything is not handed in yet."""
        return self._waiting.unfinished_tasks > 0

    async def stop(self) -> None:
        """Hand in what was put, and no more."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            await asyncio.to_thread(thread.join, 10)

    def _submit_all(self) -> None:
        ended = False
        while not ended:
            taken = [self._waiting.get()]
            while len(taken) < BATCH and not self._waiting.empty():
                taken.append(self._waiting.get())
            ended = None in taken
            batch = list(dict.fromkeys(one for one in taken if one is not None))
            if batch:
                self._submit(batch)
            for _ in taken:
                self._waiting.task_done()

    def _submit(self, batch: list[Submission]) -> None:
        try:
            with self._database.transaction() as tx:
                for queue, work_id, partition, if_idle in batch:
                    work.put(tx, queue, work_id, partition, if_idle=if_idle)
                around_commit(tx, "queue.submit")
        except (LoketError, sa.exc.SQLAlchemyError) as error:  # the sweep brings them back
            structlog.get_logger("loket.engine").error("submit_failed", count=len(batch), error=type(error).__name__)
        else:
            for queue in {queue for queue, *_ in batch}:
                self._announce(queue)
