"""The plain agent made durable: each question is a queued DBOS workflow with one step, its thread LangGraph's."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sqlite3
from contextlib import closing
from typing import Any

from loket.bench.contestants import Surroundings
from loket.bench.contestants.plain_agent import PlainAgent
from loket.engine.dbos_runtime import APPLICATION_VERSION

POLLING_SECONDS = 0.1
"""How often DBOS's queue is asked; its own default of a second would let everybody wait."""


class AgentInDbos:
    """Set up as our own engine is: portable values, WAL, a stable name, a queue that is asked often enough."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agent = PlainAgent(around)
        self._ended: dict[str, asyncio.Future[None]] = {}
        self._workflow: Any = None
        # A queue for each process: whoever asked hears of the end in its own memory.
        self._queue = f"questions-{around.number}"

    async def open(self) -> None:
        """See `Contestant.open`."""
        from dbos import DBOS

        await self._agent.open()
        file = self._around.folder / "queue.sqlite"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(
            config={
                "name": "agent",
                "system_database_url": self._around.postgres or f"sqlite:///{file}",
                "executor_id": f"agent-{self._around.number}",
                "application_version": APPLICATION_VERSION,
                "log_level": "WARNING",
            }
        )
        self._workflow = self._register()
        DBOS.listen_queues([self._queue])
        DBOS.launch()
        await DBOS.register_queue_async(self._queue, partition_concurrency=1, polling_interval_sec=POLLING_SECONDS)

    async def turn(self, turn_id: str) -> None:
        """See `Contestant.turn`."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        ended = self._ended[turn_id] = asyncio.get_running_loop().create_future()
        with SetWorkflowID(turn_id), SetEnqueueOptions(queue_partition_key=turn_id):
            await DBOS.enqueue_workflow_async(self._queue, self._workflow, turn_id)
        await ended

    async def settle(self) -> None:
        """See `Contestant.settle`."""

    async def close(self) -> None:
        """See `Contestant.close`."""
        from dbos import DBOS

        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        await self._agent.close()

    def _register(self) -> Any:
        from dbos import DBOS
        from dbos import WorkflowSerializationFormat as Format

        @DBOS.workflow(name="question", serialization_type=Format.PORTABLE, max_recovery_attempts=3)
        async def question(turn_id: str) -> None:
            ended = self._ended.pop(turn_id)
            try:
                await DBOS.run_step_async({"name": "answer", "retries_allowed": True}, self._step, turn_id)
            except Exception as error:  # noqa: BLE001 - whoever waits for the turn hears of it
                ended.set_exception(error)
            else:
                ended.set_result(None)

        return question

    async def _step(self, turn_id: str) -> None:
        # In a context of its own, or DBOS would count what the graph does as steps of the workflow.
        answering = self._agent.turn(turn_id)
        await asyncio.create_task(answering, context=contextvars.Context())
