"""Counts what happens too often to be logged each time, and reports the total now and then."""

from __future__ import annotations

from collections.abc import Callable

TELL_SECONDS = 10.0
"""How often it is told at most: an attacker must not fill the log."""


class Tally:
    """`tell` is called with how often it happened since it was called last. `clock` gives seconds."""

    def __init__(self, tell: Callable[[int], object], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._count = 0
        self._told_at = float("-inf")

    def add(self) -> None:
        """It happened once more."""
        self._count += 1
        if abs(self._clock() - self._told_at) >= TELL_SECONDS:  # also when the clock was set back
            count, self._count, self._told_at = self._count, 0, self._clock()
            self._tell(count)
