"""How long Slack may find a text, and where to cut one that is too long.

Slack counts characters; whether an emoji is one or two of them, and whether `&` counts as the entity it travels as, is
not written down anywhere. The larger answer is taken for both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_ENTITY = {"&": 5, "<": 4, ">": 4}
_JOINERS = "\u200d\u20e3"
SPELLED = "⟦"
"""Begins a character that `core.plain_text.reveal` spelled out, which stays in one piece."""
_SPELLED_LENGTH = 9
_NEAR = 4
"""A text is cut at the end of a line or a word that lies in the last quarter of what fits."""


def size(text: str) -> int:
    """What the text may count for: UTF-16 units, with `&`, `<` and `>` as entities."""
    entities = text.count("&") * 4 + (text.count("<") + text.count(">")) * 3
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + entities


def fitting(text: str, limit: int, start: int = 0) -> int:
    """The end of the longest piece of `text` from `start` whose size is at most `limit`; at least one character."""
    if size(text[start : start + limit]) <= limit:
        return min(len(text), start + limit)
    room, at = limit, start
    while at < len(text) and (room := room - _weight(text[at])) >= 0:
        at += 1
    return max(at, start + 1)


def pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit`, which joined are the text again: nothing is added, trimmed or lost."""
    start = 0
    while start < len(text):
        end = fitting(text, limit, start)
        if end < len(text):
            end = _good_cut(text, start, end)
        yield text[start:end]
        start = end


def shortened(text: str, limit: int) -> str:
    """The text if it fits, else its beginning and an ellipsis: for labels only, never for what somebody decides on."""
    return text if size(text) <= limit else text[: fitting(text, limit - 1)] + "…"


def _weight(letter: str) -> int:
    return _ENTITY.get(letter, 2 if ord(letter) > 0xFFFF else 1)


def _good_cut(text: str, start: int, end: int) -> int:
    """At or before `end`: after a line or a word where one ends nearby, else not inside what is drawn as one sign."""
    earliest = end - (end - start) // _NEAR
    for mark in ("\n", " "):
        if (found := text.rfind(mark, earliest, end)) >= 0 and text[start : found + 1].strip():
            return found + 1
    cut = end
    while cut > earliest and _continues(text, cut):
        cut -= 1
    opened = text.rfind(SPELLED, max(earliest, cut - _SPELLED_LENGTH), cut)
    if opened > start and "⟧" not in text[opened:cut]:
        return opened
    return cut if cut > earliest else end


def _continues(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it."""
    return bool(unicodedata.combining(text[at])) or text[at] in _JOINERS or text[at - 1] == "\u200d"
