"""What this process has sent lately: the same key leaves once, and a message in doubt is not repeated without end."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from connectors.notify import Road
from core.errors import EffectUnknown

MOST_KEYS = 10_000
MOST_DOUBTS = 3
"""How often a message that may have arrived is sent again by one process: people bear three copies, not sixty."""


@dataclass
class _Kept:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sent: bool = False
    doubts: int = 0


class Once:
    """Remembers keys in memory. Another process, or this one after a restart, does not know them: neither SMTP nor most
    gateways can be asked what they were given, so such a repeat only carries the same number and may arrive twice.
    """

    def __init__(self, system: str) -> None:
        self._system = system
        self._kept: OrderedDict[tuple[Road, str], _Kept] = OrderedDict()

    async def send(self, road: Road, key: str, sending: Callable[[], Awaitable[None]]) -> None:
        """Send, unless this key has been. Raises what `sending` does, and `EffectUnknown` after too many doubts."""
        kept = self._entry(road, key)
        async with kept.lock:
            if kept.sent:
                return
            if kept.doubts >= MOST_DOUBTS:
                raise EffectUnknown(self._system, f"{kept.doubts} tries may have arrived: it is not sent again")
            try:
                await sending()
            except EffectUnknown:
                kept.doubts += 1
                raise
            kept.sent = True

    def _entry(self, road: Road, key: str) -> _Kept:
        kept = self._kept.setdefault((road, key), _Kept())
        self._kept.move_to_end((road, key))
        if len(self._kept) > MOST_KEYS:
            self._kept.popitem(last=False)
        return kept
