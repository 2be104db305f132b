"""A circuit breaker: after five failures in a row a server is left alone for half a minute; nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

FAILURES = 5
REST_SECONDS = 30.0


class Breaker:
    """Counts failures in a row. `clock` gives seconds that never go back, such as `time.monotonic`.

    Closed: everybody may call. Open: nobody. After 30 seconds one caller may try; its success closes the breaker,
    its failure keeps it open for another 30 seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._open_until = 0.0
        self._trying = False

    def may_call(self) -> bool:
        """Whether to call now. True must be followed by `succeeded`, `failed` or `gave_up`."""
        with self._lock:
            if self._failures < FAILURES:
                return True
            if self._trying or self._clock() < self._open_until:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._failures = 0
            self._trying = False

    def failed(self) -> None:
        """The server did not answer, or said that it cannot."""
        with self._lock:
            self._failures += 1
            self._trying = False
            self._open_until = self._clock() + REST_SECONDS

    def gave_up(self) -> None:
        """The caller stopped waiting for reasons of its own: says nothing about the server."""
        with self._lock:
            self._trying = False
