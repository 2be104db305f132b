"""A long Markdown text in pieces that each stand by themselves: no code is left open, no link is cut in two.

What comes in was made by `safe_text`: back-ticks stand only around code, and a link has no bracket within.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from slack_app.views.code_marks import FENCE, TICK, code_span
from slack_app.views.measure import pieces, size

_WHOLE = re.compile(r"(?P<code>`[^`\n]*`)|(?P<link>\[[^\[\]\n]*\]\([^()\s]*\))|[^`\[]+|[`\[]")
_OWN_LINE = re.compile(r"[ \t]*(?:$|[#>|=-]|[*+][ \t]|\d{1,9}[.)][ \t]|```)")
"""What begins a line of its own in Markdown, or ends what stands above."""
_SPARE = 40
"""Room for a fence that is closed here and opened again there."""


def markdown_pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit` (as `measure.size` counts), cut between paragraphs where that can be."""
    if size(text) <= limit:
        if text.strip():
            yield text
        return
    parts = [part for paragraph in _paragraphs(text) for part in _fitted(paragraph, limit)]
    yield from (piece for piece in _packed(parts, limit) if piece.strip())


def with_breaks(text: str) -> str:
    """The text with its line breaks meant as such: Markdown would run the lines of a paragraph together."""
    lines = text.split("\n")
    inside = False
    for number, (line, after) in enumerate(pairwise(lines)):
        inside ^= line.startswith(FENCE)
        if not inside and line.strip() and not line.startswith((FENCE, "#", "|")) and not _OWN_LINE.match(after):
            lines[number] = f"{line.rstrip()}  "
    return "\n".join(lines)


def _packed(parts: Iterable[str], limit: int) -> Iterator[str]:
    held, room = "", limit
    for part in parts:
        if held and size(part) + 2 > room:
            yield held
            held, room = "", limit
        held = f"{held}\n\n{part}" if held else part
        room = limit - size(held)
    if held:
        yield held


def _paragraphs(text: str) -> Iterator[str]:
    """What lies between blank lines; code with blank lines in it is one."""
    lines: list[str] = []
    inside = False
    for line in text.split("\n"):
        inside ^= line.startswith(FENCE)
        if inside or line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _fitted(paragraph: str, limit: int) -> Iterator[str]:
    """A paragraph that fits, or one that does not line by line; what was code is code in every piece."""
    if size(paragraph) <= limit:
        yield paragraph
        return
    held, room, fence = "", limit - _SPARE, ""
    for line in paragraph.split("\n"):
        for part in _line_parts(line, limit - 2 * _SPARE, in_code=bool(fence) and not line.startswith(FENCE)):
            if held and size(part) + 1 > room:
                yield f"{held}\n{FENCE}" if fence else held
                held = fence
            held = f"{held}\n{part}" if held else part
            room = limit - _SPARE - size(held)
        if line.startswith(FENCE):
            fence = "" if fence else line
    if held:
        yield held


def _line_parts(line: str, limit: int, *, in_code: bool) -> Iterator[str]:
    if size(line) <= limit:
        yield line
    elif in_code:
        yield from pieces(line, limit)
    else:
        yield from _joined_up((part for match in _WHOLE.finditer(line) for part in _small(match, limit)), limit)


def _small(match: re.Match[str], limit: int) -> Iterator[str]:
    whole = match.group()
    if size(whole) <= limit:
        yield whole
    elif match["code"] or match["link"]:
        # A link that no piece holds is no link any more; code, because its words may be an address themselves.
        words = whole[1:-1].split("](")
        yield from (code_span(part) for word in words for part in pieces(word.replace("`", TICK), limit - 4))
    else:
        yield from pieces(whole, limit)


def _joined_up(parts: Iterable[str], limit: int) -> Iterator[str]:
    held = ""
    for part in parts:
        if held and size(held) + size(part) > limit:
            yield held
            held = ""
        held += part
    if held:
        yield held
