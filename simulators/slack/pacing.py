"""Slack's rate limits: a number of calls a minute per method and workspace, and one message a second per channel."""

from __future__ import annotations

import math
from collections import deque

from simulators.slack.clock import Clock

BURST = 4
"""Messages that may go to one channel at once before the limit of one a second is felt; Slack names no number."""


class Pacing:
    """Counts calls. `on = False` switches every limit off, for load runs."""

    def __init__(self, clock: Clock) -> None:
        self.on = True
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._rooms: dict[str, tuple[float, float]] = {}

    def wait(self, method: str, team: str, per_minute: int) -> int:
        """Seconds that the caller has to wait before this call, 0 when it may go."""
        if not self.on:
            return 0
        now = self._clock.now()
        calls = self._calls.setdefault((method, team), deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= per_minute:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return 0

    def wait_in_room(self, channel: str) -> int:
        """Seconds to wait before another message to a channel, 0 when it may go."""
        if not self.on:
            return 0
        now = self._clock.now()
        left, since = self._rooms.get(channel, (float(BURST), now))
        left = min(float(BURST), left + now - since)
        if left < 1:
            self._rooms[channel] = (left, now)
            return max(1, math.ceil(1 - left))
        self._rooms[channel] = (left - 1, now)
        return 0
