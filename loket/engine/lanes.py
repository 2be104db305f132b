"""Which piece of work may begin: one at a time in a lane, in the order put in, so many of a queue side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from loket.engine import Queue

Lane = tuple[Queue, str]
"""A partition of a queue."""


class Lanes:
    """For one event loop only. `begin` is called with an id and its lane and must not wait; `end` says it has ended."""

    def __init__(self, begin: Callable[[str, Lane], None], at_once: Mapping[Queue, int]) -> None:
        self._begin = begin
        self._free = dict(at_once)
        self._waiting: dict[Lane, deque[str]] = {}
        self._ready: dict[Queue, deque[Lane]] = {queue: deque() for queue in at_once}
        self._taken: set[Lane] = set()
        self._closed = False

    def put(self, work_id: str, lane: Lane) -> None:
        """Add an id to the end of its lane."""
        waiting = self._waiting.setdefault(lane, deque())
        waiting.append(work_id)
        if len(waiting) == 1 and lane not in self._taken:
            self._ready[lane[0]].append(lane)
        self._go_on(lane[0])

    def take(self, lane: Lane) -> None:
        """Something of this lane runs already, begun by nobody here; it counts, and ends like all others."""
        self._taken.add(lane)
        self._free[lane[0]] -= 1

    def end(self, lane: Lane) -> None:
        """What ran in this lane has ended: the next may begin."""
        queue = lane[0]
        self._taken.discard(lane)
        self._free[queue] += 1
        if lane in self._waiting:
            self._ready[queue].append(lane)
        self._go_on(queue)

    def close(self) -> None:
        """Begin nothing any more."""
        self._closed = True

    def _go_on(self, queue: Queue) -> None:
        ready = self._ready[queue]
        while ready and self._free[queue] > 0 and not self._closed:
            lane = ready.popleft()
            waiting = self._waiting[lane]
            work_id = waiting.popleft()
            if not waiting:
                del self._waiting[lane]
            self._taken.add(lane)
            self._free[queue] -= 1
            self._begin(work_id, lane)
