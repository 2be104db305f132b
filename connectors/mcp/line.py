"""The line before one server: so many calls at once, so many waiting, and a deadline for each."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from connectors.mcp.endpoint import Counts, Limits
from core.errors import ConnectorError

T = TypeVar("T")
SILENT_CALLS = 3


class Line:
    """Calls of one server wait for each other and for nobody else's. `on_silence` is called when several in a row had
    no answer: one may be the call's fault, several are the server's."""

    def __init__(self, system: str, limits: Limits, counts: Counts, on_silence: Callable[[], None]) -> None:
        self._system = system
        self._limits = limits
        self._counts = counts
        self._on_silence = on_silence
        self._places = asyncio.Semaphore(limits.at_once)
        self._inside = 0
        self._silent = 0
        self._left: set[asyncio.Task[Any]] = set()

    async def within(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The result, within the time that one call has. What does not end by then is cancelled and left to itself:
        a server that takes nothing in would hold up its own cancelling too. Raises `ConnectorError`."""

        async def placed() -> T:
            async with self._place():
                return await ask()

        # A context of its own: what the turn traces is not sent to the server.
        task = asyncio.create_task(placed(), context=contextvars.Context())
        self._left.add(task)
        task.add_done_callback(self._left.discard)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._limits.call_seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            task.add_done_callback(_seen)
            self._was_silent()
            raise ConnectorError(self._system, f"no answer within {self._limits.call_seconds:g} s")
        self._silent = 0
        return task.result()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._inside >= self._limits.at_once + self._limits.waiting:
            self._counts.busy += 1
            raise ConnectorError(self._system, "too many calls wait for it")
        self._inside += 1
        try:
            async with self._places:
                yield
        finally:
            self._inside -= 1

    def _was_silent(self) -> None:
        self._silent += 1
        if self._silent >= SILENT_CALLS:
            self._silent = 0
            self._on_silence()


def _seen(task: asyncio.Task[Any]) -> None:
    """An error of a task that nobody waits for is no news."""
    if not task.cancelled():
        task.exception()
