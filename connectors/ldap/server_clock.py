"""How far the clock of a domain controller is from ours, so that its times can be compared with our own."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from connectors.ldap.link import Link

REMEMBER_SECONDS = 60.0
TOO_SMALL = timedelta(seconds=2)
"""The server tells whole seconds, and the answer takes its time: less than this is no difference."""
HALF = timedelta(seconds=0.5)


class ServerClocks:
    """One for a process; safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead: dict[str, tuple[float, timedelta]] = {}

    def ahead(self, link: Link) -> timedelta:
        """How much the server's clock is ahead of ours (negative: behind); zero for less than two seconds.

        Zero as well when the server does not tell: `loket doctor` says so.
        """
        with self._lock:
            until, known = self._ahead.get(link.server, (0.0, timedelta(0)))
        if until > time.monotonic():
            return known
        before = datetime.now(UTC)
        entry = link.read("", ("currentTime",))
        theirs = entry.moment("currentTime") if entry else None
        middle = before + (datetime.now(UTC) - before) / 2
        ahead = theirs + HALF - middle if theirs else timedelta(0)
        found = ahead if abs(ahead) > TOO_SMALL else timedelta(0)
        with self._lock:
            self._ahead[link.server] = (time.monotonic() + REMEMBER_SECONDS, found)
        return found
