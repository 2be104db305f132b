"""How often one address may ask, and how many are served at once: kept in this process, and no address for long."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 10_000


class Pace:
    """`a_minute` from one address, `at_once` from all. Behind a proxy all come from one: count generously."""

    def __init__(self, a_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._at_once = at_once
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._busy = 0

    @contextmanager
    def turn(self, address: str) -> Iterator[bool]:
        """Whether this one may go on; held until it is done."""
        allowed = self._busy < self._at_once and self._counts(address)
        self._busy += allowed
        try:
            yield allowed
        finally:
            self._busy -= allowed

    def _counts(self, address: str) -> bool:
        moment = self._clock()
        times = self._seen.setdefault(address, deque())
        self._seen.move_to_end(address)
        while times and times[0] <= moment - WINDOW_SECONDS:
            times.popleft()
        if len(times) >= self._a_minute:
            return False
        times.append(moment)
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return True
