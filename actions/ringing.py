"""What an approver writes of ringing somebody: it is the proof, so what says that nobody was reached is none."""

from __future__ import annotations

import re

from core.plain_text import visible

LONGEST = 200
_NOBODY = re.compile(
    r"\b(no|not|never|none|nobody|cannot|didn.t|unreachable|voicemail|n/a"
    r"|nee|niet|nooit|geen|niemand|onbereikbaar|n\.?v\.?t)\b"
)
_UNTICKED = frozenset({"false", "off", "0"})


def how_they_rang(text: str) -> str:
    """As they wrote it, at most 200 characters; empty when it says nothing, or that nobody was reached.

    A sentence with a no in it is not understood, only refused: its writer is asked again, and says how they did it.
    """
    said = visible(text).strip()[:LONGEST]
    plain = said.casefold()
    silent = not re.search(r"\w", plain) or plain in _UNTICKED
    return "" if silent or _NOBODY.search(plain) else said
