"""Telling a second delivery from a first where nothing is stored: what was only shown need not be shown again."""

from __future__ import annotations

from collections import OrderedDict

MOST_KEPT = 5_000


class Once:
    """Remembers the latest keys of this process. Where it matters, the database remembers; here it is politeness."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_new(self, key: str) -> bool:
        """True the first time."""
        if key in self._seen:
            return False
        self._seen[key] = None
        while len(self._seen) > MOST_KEPT:
            self._seen.popitem(last=False)
        return True
