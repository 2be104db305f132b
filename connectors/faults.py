"""Faults on demand for the embedded systems: what a test needs to see how the desk behaves when the outside fails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TypeVar

from core.errors import ConnectorError, EffectUnknown

T = TypeVar("T")

SYSTEMS = ("directory", "accounts", "accounts.read", "tickets", "tickets.read", "notify")
"""What can be made to fail. `accounts`, `tickets` and `notify` are the calls that change something."""


class Faults:
    """A queue of faults for each system; each fault hits one call. Kept in memory, so it is this process's own.

    `refuse`: nothing happens, `ConnectorError`. `after`: the effect happens, then `EffectUnknown`.
    `before-unknown`: nothing happens, `EffectUnknown`. `hang SECONDS`: the call waits first, then goes on.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[str]] = defaultdict(deque)

    def fail_next(self, system: str, how: str) -> None:
        """Let the next call of `system` fail. Raises ValueError for a system or a way that does not exist."""
        if system not in SYSTEMS:
            raise ValueError(f"there is no system {system!r}; there are {', '.join(SYSTEMS)}")
        if how not in ("refuse", "after", "before-unknown"):
            _seconds(how)
        self._waiting[system].append(how)

    async def around(self, system: str, work: Callable[[], T]) -> T:
        """Run `work` in a thread under the next fault of `system`, if one waits.

        Raises `ConnectorError` for a fault or a database that gives way; SQLite undoes what it does not commit,
        so nothing has happened then.
        """
        how = self._next(system)
        if how == "refuse":
            raise ConnectorError(system, "the system refused the call")
        if how == "before-unknown":
            raise EffectUnknown(system, "the connection broke before the answer came")
        if how.startswith("hang"):
            await asyncio.sleep(_seconds(how))
        try:
            result = await asyncio.to_thread(work)
        except sqlite3.Error as error:
            raise ConnectorError(system, f"the database gave way ({type(error).__name__})") from error
        if how == "after":
            raise EffectUnknown(system, "the connection broke before the answer came")
        return result

    def _next(self, system: str) -> str:
        waiting = self._waiting[system]
        return waiting.popleft() if waiting else ""


def _seconds(how: str) -> float:
    word, _, seconds = how.partition(" ")
    if word != "hang":
        raise ValueError(f"{how!r} is not refuse, after, before-unknown or 'hang SECONDS'")
    return float(seconds)
