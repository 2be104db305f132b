"""What kind of answer a question asks for (a person, a time, an amount, a way ...), and which clauses have one.

"Who approves my leave?" is answered by a clause that names somebody, however much another one says of leave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agent.question_form import is_yes_or_no
from core.own_yaml import load_yaml

COUNTED = frozenset({"money", "clock", "length", "number"})
"""Kinds whose answer is a figure: a passage that has none at all hardly answers them."""
_MEMORY = 20_000
_REFERENCE = re.compile(
    r"\b(?:clauses?|sections?|articles?|artikel|onderdeel|lid|extension|toestel) \d[\d.]*|\b0\d\d \d{3} \d{4}|"
    r"https?\S+",
    re.IGNORECASE,
)

_OPENING = re.compile(
    r"^\W*(?:and |en |but |maar )?(?:(?P<when>when|wanneer)|"
    r"(?P<who>who|whom|wie|(?:bij|aan|van|met|to|with|from) (?:wie|whom?))|"
    r"(?P<where>where|waar(?!om|voor|op|mee|uit)\b))\b",
    re.IGNORECASE,
)
_BEGIN = {"when": ("clock", "moment"), "who": ("person",), "where": ("place",)}


@dataclass(frozen=True, slots=True)
class _Kind:
    asks: re.Pattern[str]
    has: re.Pattern[str]


def kind_of(question: str) -> str:
    """The kind a question asks for; empty when its words do not show one.

    The word it begins with goes before the others: "when does my allowance stop" asks for no amount.
    """
    opening = _OPENING.match(question)
    begins = next((kinds for word, kinds in _BEGIN.items() if opening and opening[word]), None)
    if begins is None and is_yes_or_no(question):
        begins = ("permission",)
    return next((name for name in begins or _kinds() if _kinds()[name].asks.search(question)), "")


@lru_cache(maxsize=_MEMORY)
def has_kind(kind: str, text: str) -> bool:
    """Whether a text has an answer of this kind; of no kind every text has one."""
    return not kind or _kinds()[kind].has.search(text) is not None


def plainly(text: str) -> str:
    """A text without references to other texts and without phone numbers: their figures do not say how many."""
    return _REFERENCE.sub("", text)


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, _Kind]:
    written: dict[str, dict[str, str]] = load_yaml(
        Path(__file__).with_name("asked_kind.yaml").read_text(encoding="utf-8")
    )
    return {name: _Kind(_pattern(kind["asks"]), _pattern(kind["has"])) for name, kind in written.items()}


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern that was written over several lines: the space behind a `|` is of the folding."""
    return re.compile(text.replace("| ", "|"), re.IGNORECASE)
