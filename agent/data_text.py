"""How text from outside stands before a model: as data between marks that the text itself cannot close."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.plain_text import one_line, visible
from core.ports import Passage
from tools import Found

MAX_CHARS = 6_000
_MARK = re.compile(r"<(?=/?\s*(?:passage|data)\b)", re.IGNORECASE)
_PASSAGE = re.compile(
    r'^<passage number="(\d+)" language="(\w*)" status="(\w*)" similarity="(-?[\d.]+)" score="(-?[\d.]+)" '
    r'title="([^"\n]*)" '
    r'heading="([^"\n]*)">\n(.*?)\n</passage>$',
    re.DOTALL | re.MULTILINE,
)
RETRY = "TRY AGAIN: "
FAILED = "FAILED: "
REFUSED = "REFUSED: "
DRAFTED = "DRAFTED: "


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as a model reads it back out of a tool's result."""

    number: int
    language: str
    status: str
    similarity: float
    score: float
    title: str
    heading: str
    text: str


def found_text(found: Found, first_number: int) -> str:
    """A read tool's result for the model: numbered passages, or plain data."""
    if found.passages:
        return passages_text(found.passages, first_number)
    return f"<data>\n{_inert(found.text)}\n</data>"


def passages_text(passages: Sequence[Passage], first_number: int) -> str:
    """Passages with the numbers by which they can be cited."""
    return "\n".join(
        f'<passage number="{number}" language="{one_line(passage.language)}" status="{passage.status}" '
        f'similarity="{passage.similarity:.3f}" score="{passage.score:.3f}" title="{_attribute(passage.title)}" '
        f'heading="{_attribute(passage.heading)}">\n{_inert(passage.text)}\n</passage>'
        for number, passage in enumerate(passages, start=first_number)
    )


def read_passages(text: str) -> list[Shown]:
    """The passages in a tool's result, as `passages_text` wrote them."""
    return [
        Shown(int(number), language, status, float(similarity), float(score), title, heading, body)
        for number, language, status, similarity, score, title, heading, body in _PASSAGE.findall(text)
    ]


def _inert(text: str) -> str:
    return _MARK.sub("‹", visible(text))[:MAX_CHARS]


def _attribute(text: str) -> str:
    return one_line(text).replace('"', "'")
