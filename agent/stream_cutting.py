"""Cuts finished sentences off a growing text, exactly as the whole text would be cut in the end."""

from __future__ import annotations

import re
from collections.abc import Callable

_ENDS = re.compile(r"[.!?\n]")
_CLOSED = re.compile(r"(?:[.!?][\"')\]”’]{0,2}(?:\s*\[\d{1,2}\])+|\[\d{1,2}\][.!?])\s*$")
"""A sentence with its source at the very end of the text: nothing of it is missing, but perhaps a second source."""
MOST_CHARS = 8_000
"""No answer is longer; what goes on is left to the end."""
MOST_CUTS = 400
"""How often a text is cut anew: each time costs its length."""


class Cutting:
    """Feed it with `add`; what it returns are the next finished sentences. `cut` cuts a whole text."""

    def __init__(self, cut: Callable[[str], list[str]]) -> None:
        self._cut = cut
        self._text = ""
        self._done: list[str] = []
        self._open = False
        self._cuts = 0
        self._broken = False

    @property
    def may_be_closed(self) -> bool:
        """Whether the text ends in what looks like a whole sentence that was not handed out yet."""
        return self._open and not self._broken and _CLOSED.search(self._text[-80:]) is not None

    def add(self, piece: str) -> list[str]:
        """Sentences that are finished because another one has begun behind them."""
        self._text += piece
        self._open = self._open or _ENDS.search(piece) is not None
        if not self._open or len(self._text) > MOST_CHARS or self._cuts >= MOST_CUTS:
            return []
        found = self._sentences()
        # The last one may go on.
        return self._next(found[:-1], still_open=_ENDS.search(found[-1]) is not None if found else False)

    def rest(self) -> list[str]:
        """All that is left: the text has ended, or paused behind a whole sentence."""
        return [] if len(self._text) > MOST_CHARS else self._next(self._sentences(), still_open=False)

    def _sentences(self) -> list[str]:
        self._cuts += 1
        return self._cut(self._text)

    def _next(self, found: list[str], still_open: bool) -> list[str]:
        known = len(self._done)
        if self._broken or found[:known] != self._done[: len(found)]:
            # What came later changes where earlier sentences end: rather no preview than another text.
            self._broken = True
            return []
        self._done += found[known:]
        self._open = still_open
        return found[known:]
