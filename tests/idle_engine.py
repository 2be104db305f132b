"""The queue of a process beside which nobody thinks: what is put there stays there."""

from __future__ import annotations

from collections.abc import Mapping

from loket.engine import Handler, Queue
from loket.engine.inline import InlineEngine
from storage import Tx


class NobodyThinks(InlineEngine):
    """Implements `loket.engine.Engine` and works on nothing."""

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        await super().start({})

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """It waits."""

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """It waits."""

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """It waits on."""
