"""How fast we may speak: about one post a second in a channel, and not before Slack said we may try again."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

POST_SECONDS = 1.0
"""Slack: "generally allows posting one message per second per channel, while short bursts may pass"."""
BURST = 4
MANY = 10_000

Clock = Callable[[], float]


class Pacing:
    """Tells when the next call of a kind may be made. `clock` counts seconds and `sleep` waits some, both for tests.

    What is remembered is this process's own: several processes together are slowed down by Slack's own answer.
    """

    def __init__(
        self, clock: Clock = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self._next: dict[Hashable, float] = {}
        self._held: dict[Hashable, float] = {}

    def wait(self, key: Hashable) -> float:
        """How many seconds a post of this kind would have to wait now."""
        earliest = self._next.get(key, 0.0) - (BURST - 1) * POST_SECONDS
        return max(0.0, earliest - self.clock(), self.held(key))

    def reserve(self, key: Hashable) -> float:
        """Take the next place in the row of this kind; says how many seconds to wait for it."""
        seconds = self.wait(key)
        moment = self.clock()
        self._next[key] = max(self._next.get(key, 0.0), moment) + POST_SECONDS
        if len(self._next) > MANY:
            self._next = {one: at for one, at in self._next.items() if at > moment}
        return seconds

    def hold(self, key: Hashable, seconds: float) -> None:
        """Slack wants no call of this kind for some seconds."""
        moment = self.clock()
        self._held[key] = max(self._held.get(key, 0.0), moment + seconds)
        if len(self._held) > MANY:
            self._held = {one: at for one, at in self._held.items() if at > moment}

    def held(self, key: Hashable) -> float:
        """How many seconds Slack still wants no call of this kind."""
        return max(0.0, self._held.get(key, 0.0) - self.clock())


class Budget:
    """At most so many of a kind in any stretch of so many seconds: for limits that a whole workspace shares."""

    def __init__(self, most: int, seconds: float = 60.0, clock: Clock = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._taken: dict[Hashable, deque[float]] = {}

    def take(self, key: Hashable) -> bool:
        """Whether there is one left; it is taken then."""
        taken = self._taken.setdefault(key, deque())
        moment = self._clock()
        while taken and taken[0] <= moment - self._seconds:
            taken.popleft()
        if len(taken) >= self._most:
            return False
        taken.append(moment)
        return True
