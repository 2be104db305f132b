"""Time: how long a caller still has, and how long Graph asked everybody to leave it alone."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.errors import ConnectorError

SYSTEM = "entra"
LEAST_WAIT = 0.2
LONGEST_WAIT = 300.0
UNSAID_WAIT = 1.0


class Deadline:
    """When the caller gives up. One for a whole question, however many requests it takes."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self._end - time.monotonic())


class Pause:
    """Until when nobody asks: one answer of 429 holds back all callers of this process, not only the one who got it."""

    def __init__(self) -> None:
        self._until = -math.inf

    def hold(self, seconds: float) -> None:
        """Nobody asks for so many seconds from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def wait(self, deadline: Deadline) -> None:
        """Wait until asking is allowed. Raises `ConnectorError` at once when the caller's time ends before that."""
        seconds = self._until - time.monotonic()
        if deadline.left <= max(seconds, 0):
            raise ConnectorError(SYSTEM, "there is no time left for what Graph asks us to wait; nothing more was sent")
        if seconds > 0:
            await asyncio.sleep(seconds)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that an answer asks to wait, 0.2 to 300; 1 when it does not say. Both forms of RFC 9110."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text else UNSAID_WAIT
    except ValueError:
        seconds = _until_date(text)
    return min(max(seconds, LEAST_WAIT), LONGEST_WAIT) if math.isfinite(seconds) else UNSAID_WAIT


def _until_date(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return UNSAID_WAIT
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
