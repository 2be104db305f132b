"""The engine: what makes sure that every stored event and every approved action gets its turn, in order.

Two queues: `turns` (events of the inbox) and `actions` (actions of the ledger). Payloads are ids; the truth stays
in our own tables, so a handler may be called again for the same id and must then find nothing left to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Protocol


class Queue(StrEnum):
    """The two kinds of work there are."""

    TURNS = "turns"
    ACTIONS = "actions"


Handler = Callable[[str], Awaitable[None]]
"""Does the work of one id. It may raise: then it is called again, a few times, with growing pauses."""

RETRY_PAUSES = (0.2, 1.0, 5.0, 15.0)
"""Seconds between the tries of a handler that raises. After the last one the sweep brings the id back."""


class Engine(Protocol):
    """Runs handlers: one after the other within a partition, in the order submitted; partitions side by side.

    An id submitted while it is queued is the same piece of work; submitted while it runs, it runs once more
    afterwards, so that a wake-up is never lost.
    """

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """Take up work, first of all what an earlier process left behind."""

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """Hand over an id. Returns at once; may be called from any thread."""

    async def settle(self) -> None:
        """Wait until nothing is queued or running here."""

    async def stop(self) -> None:
        """Let what runs finish (30 seconds at most); what is queued stays for the next start."""
