"""The engine: what makes sure that every stored event and every approved action gets its turn, in order.

Two queues: `turns` (events of the inbox) and `actions` (actions of the ledger). Payloads are ids; the truth stays
in our own tables, so a handler may be called again for the same id and must then find nothing left to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Protocol

from storage import Tx


class Queue(StrEnum):
    """The two kinds of work there are."""

    TURNS = "turns"
    ACTIONS = "actions"


RECORDED = frozenset({Queue.ACTIONS})
"""What DBOS keeps a record of: when it began, where, how it ended. That costs more than all else that the engine does,
and a turn does not need it: what it did is one transaction of its own."""

Handler = Callable[[str], Awaitable[None]]
"""Does the work of one id. It may raise: then it is called again, a few times, with growing pauses."""

RETRY_PAUSES = (0.2, 1.0, 5.0, 15.0)
"""Seconds between the tries of a handler that raises. After the last one the sweep brings the id back."""


class Engine(Protocol):
    """Runs handlers: one after the other within a partition, in the order submitted; partitions side by side.

    An id submitted while it is queued is the same piece of work; submitted while it runs, it runs once more
    afterwards, so that a wake-up is never lost. Handlers are given for the queues that this process works on.
    """

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """Take up work, first of all what an earlier process left behind."""

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """Hand over a new id with a transaction: queued if it commits, and only then."""

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """Hand over an id. Returns at once; may be called from any thread."""

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """Hand over an id that somebody should have handled long ago; nothing happens while its partition is busy."""

    async def settle(self) -> None:
        """Wait until nothing is queued or running here."""

    async def take_over(self, living: frozenset[str]) -> int:
        """Queue again what runs under the name of a process that is not among the living; says how many."""

    async def forget(self, seconds: float) -> int:
        """Forget finished work that is older than this; says how many pieces."""

    async def stop(self, seconds: float = 30.0) -> None:
        """Let what runs finish, at most so long; what is queued stays for the next start."""
