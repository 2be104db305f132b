"""Which tools are switched off right now: asked at every use of a tool, read at most once a second."""

from __future__ import annotations

import time
from collections.abc import Collection

from actions.switches import switched_off
from storage import Database

SECONDS = 1.0


class Switchboard:
    """Call it for the names of the tools that are off; `*` is all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def __call__(self) -> Collection[str]:
        """The names that are off. A short blocking read, so that a kill switch counts within a second."""
        if time.monotonic() - self._read_at > SECONDS:
            with self._database.reading() as tx:
                self._names = frozenset(switched_off(tx))
            self._read_at = time.monotonic()
        return self._names
