"""The sessions with one server, one after the other: opened when needed, and not at once again after they broke."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from connectors.mcp.connection import Connection, Opening
from connectors.mcp.endpoint import Counts, Limits
from core.errors import ConnectorError


class Sessions:
    """At most one of them is used at a time; those before it may still be ending."""

    def __init__(
        self, system: str, opening: Opening, limits: Limits, counts: Counts, on_list_changed: Callable[[], None]
    ) -> None:
        self._system = system
        self._opening = opening
        self._limits = limits
        self._counts = counts
        self._on_list_changed = on_list_changed
        self._one_at_a_time = asyncio.Lock()
        self._all: set[Connection] = set()
        self._failures = 0
        self._not_before = 0.0
        self.current: Connection | None = None

    async def connected(self) -> Connection:
        """The session there is, or a new one. Raises `ConnectorError`, at once while the server is left alone."""
        async with self._one_at_a_time:
            if (connection := self.current) is not None:
                if connection.alive:
                    return connection
                if connection.why:
                    self._rest()
                self.current = None
            if (left := self._not_before - time.monotonic()) > 0:
                raise ConnectorError(self._system, f"it broke; it is tried again in {left:.0f} s")
            self.current = await self._opened()
            return self.current

    def went_well(self) -> None:
        """It answered: what failed before is forgotten."""
        self._failures = 0

    def is_silent(self) -> None:
        """It does not answer any more: end the session and leave the server alone."""
        self._failures = max(self._failures, 1)
        self._rest()
        if self.current is not None:
            self.current.retire()

    async def close(self) -> None:
        """End them all, and see to it that they ended."""
        connections, self.current = list(self._all), None
        for connection in connections:
            connection.retire()
        ends = [asyncio.create_task(connection.ended()) for connection in connections]
        if not ends:
            return
        _done, left = await asyncio.wait(ends, timeout=5 * self._limits.end_seconds)
        if left:
            for connection in connections:
                connection.kill()
            await asyncio.wait(left)

    async def _opened(self) -> Connection:
        connection = Connection(self._system, self._opening, self._limits, self._counts, self._on_list_changed)
        self._all.add(connection)
        try:
            await connection.start(lambda: self._all.discard(connection))
        except ConnectorError:
            self._rest()
            raise
        except asyncio.CancelledError:
            connection.kill()
            raise
        return connection

    def _rest(self) -> None:
        """The first time it is tried again at once: it may just have been started anew."""
        pause = min(self._limits.longest_pause, self._limits.first_pause * 2.0 ** (min(self._failures, 10) - 1))
        self._not_before = time.monotonic() + (pause if self._failures else 0.0)
        self._failures += 1
        self._counts.failed += 1
