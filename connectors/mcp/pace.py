"""How much a server may say unasked: a budget that fills up slowly, and a session that ends when it is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from connectors.mcp.endpoint import Limits


class Flooded(Exception):
    """The server said more than it may. The session ends; the server is left alone for a while."""


class Pace:
    """Two budgets, messages and bytes. One server's flood costs at most what the budgets hold: the event loop is
    shared with everybody else."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._at = clock()
        self._messages = float(limits.burst)
        self._bytes = float(limits.burst_bytes)

    def message(self) -> None:
        """Raises `Flooded` when there was one too many."""
        self._refill()
        self._messages -= 1
        if self._messages < 0:
            raise Flooded("it sends too many messages")

    def chunk(self, size: int) -> None:
        """Raises `Flooded` when there was too much of it."""
        self._refill()
        self._bytes -= size
        if self._bytes < 0:
            raise Flooded("it sends too much")

    def _refill(self) -> None:
        now = self._clock()
        passed, self._at = now - self._at, now
        limits = self._limits
        self._messages = min(float(limits.burst), self._messages + passed * limits.messages_a_second)
        self._bytes = min(float(limits.burst_bytes), self._bytes + passed * limits.bytes_a_second)


class Paced:
    """A session's incoming stream, each message of which is counted. Fits `mcp`'s `ReadStream`."""

    def __init__(self, stream: Any, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace

    @property
    def last_context(self) -> Any:
        """The context that a message was sent in, where the stream knows one."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        """The next message. Raises `Flooded`."""
        item = await self._stream.receive()
        self._pace.message()
        return item

    async def aclose(self) -> None:
        """Nothing more is read."""
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = await self._stream.__anext__()
        self._pace.message()
        return item

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stream.__aexit__(kind, error, trace)
