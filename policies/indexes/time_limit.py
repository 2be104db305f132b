"""Calls that may hang, each given so many seconds. Whoever waits goes on; what hangs holds one thread of few."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import TypeVar

T = TypeVar("T")
_THREADS = 8  # calls at once; where all hang, the next ones fail after the same time


class TimeLimit:
    """Runs calls in threads of its own. A time limit on the socket is not enough: a byte a second never reaches it."""

    def __init__(self, name: str, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises TimeoutError when it takes longer; it may still finish later."""
        future = self._threads.submit(work)
        try:
            return future.result(self._seconds)
        except NotInTime:
            future.cancel()
            raise
