"""In which language somebody is spoken to: the directory's, as the desk knows it, asked for once in a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from core.catalogue import FALLBACK
from core.people import ChannelIdentity, Standing
from core.ports import Desk

KEPT_SECONDS = 600.0
MOST_KEPT = 5_000


class Languages:
    """Remembers languages for a while. `clock` gives seconds that only grow."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._clock = clock
        self._kept: OrderedDict[ChannelIdentity, tuple[float, str]] = OrderedDict()

    async def of(self, identity: ChannelIdentity, standing: Standing) -> str:
        """The language of whoever that is; English for somebody the desk does not know."""
        if standing is not Standing.MEMBER:
            return FALLBACK
        kept = self._kept.get(identity)
        if kept is None or kept[0] <= self._clock():
            self.note(identity, (await self._desk.front_page(identity, standing)).language)
        return self._kept[identity][1]

    def note(self, identity: ChannelIdentity, language: str) -> None:
        """It became known by the way."""
        self._kept[identity] = (self._clock() + KEPT_SECONDS, language)
        self._kept.move_to_end(identity)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
