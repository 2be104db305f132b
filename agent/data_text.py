"""How text from outside stands before a model: as data between marks that the text itself cannot close."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.plain_text import one_line, visible
from core.ports import Passage
from tools import Found

MAX_CHARS = 6_000
_ANGLE = "<＜﹤❮〈⟨‹«"
_MARK = re.compile(rf"[{_ANGLE}]+(?=[\s/\\|!?]{{0,4}}([^\W\d_]{{2,16}}))")
_MARKS = frozenset(
    {"passage", "data", "system", "assistant", "user", "tool", "developer", "instructions", "instruction"}
)
_TOKENS = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>|<｜[^｜<>\n]{0,40}｜>", re.IGNORECASE
)
"""Marks by which servers of language models tell who speaks: in a policy they are nothing but an attack."""
_LOOKALIKES = str.maketrans("аеорсухіѕԁһӏտɡαοερτυ", "aeopcyxisdhlsgaoeptu")
_PASSAGE = re.compile(
    r'^<passage number="(\d+)" language="(\w*)" status="(\w*)" similarity="(-?[\d.]+)" score="(-?[\d.]+)" '
    r'coverage="([\d.]+)" '
    r'title="([^"\n]*)" '
    r'heading="([^"\n]*)"[^\n]*>\n(.*?)\n</passage>$',
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
    coverage: float
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
        f'similarity="{passage.similarity:.3f}" score="{passage.score:.3f}" '
        f'coverage="{passage.coverage:.3f}" title="{_attribute(passage.title)}" '
        f'heading="{_attribute(passage.heading)}"{_limits(passage)}>\n{_inert(passage.text)}\n</passage>'
        for number, passage in enumerate(passages, start=first_number)
    )


def read_passages(text: str) -> list[Shown]:
    """The passages in a tool's result, as `passages_text` wrote them."""
    return [
        Shown(int(number), language, status, float(similarity), float(score), float(coverage), title, heading, body)
        for number, language, status, similarity, score, coverage, title, heading, body in _PASSAGE.findall(text)
    ]


def _limits(passage: Passage) -> str:
    """For whom and from when until when a text holds, where it says so; and that it is an owner's own answer."""
    said = []
    if passage.effective_from or passage.effective_until:
        days = (day.isoformat() if day else "" for day in (passage.effective_from, passage.effective_until))
        said.append(f'valid="{"/".join(days)}"')
    if passage.applies_to:
        meant = "; ".join(f"{key}: {', '.join(values)}" for key, values in passage.applies_to)
        said.append(f'only_for="{_attribute(meant)}"')
    if passage.outranks:
        said.append('kind="answer"')
    return "".join(f" {attribute}" for attribute in said)


def _inert(text: str) -> str:
    """Text that can neither close its passage nor pretend that somebody else speaks."""
    return _MARK.sub(_unmarked, _TOKENS.sub("…", visible(text)))[:MAX_CHARS]


def _unmarked(match: re.Match[str]) -> str:
    """A mark like ours, also in letters of another script or width, loses its bracket; any other tag stays."""
    name = unicodedata.normalize("NFKC", match[1]).lower().translate(_LOOKALIKES)
    return "‹" if name in _MARKS else match.group()


def _attribute(text: str) -> str:
    return _inert(one_line(text).replace('"', "'")).replace("<", "‹").replace(">", "›")
