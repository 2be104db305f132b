"""Which line of a numbered list an answer chooses: "2", "the second one", "de laatste", "die van Finance"."""

from __future__ import annotations

import re

from agent.date_words import meanings
from agent.word_lists import words

_LINE = re.compile(r"^(\d{1,2})\. (.+)$", re.MULTILINE)
_NUMBER = re.compile(
    r"^\W*(?:(?:number|nummer|nr|no|optie|option|#)\W*)?(\d{1,2})(?:st|nd|rd|th|e|de|ste)?\W*$", re.IGNORECASE
)
_ORDINALS = {
    "first": 1, "eerste": 1, "second": 2, "tweede": 2, "third": 3, "derde": 3, "fourth": 4, "vierde": 4, "fifth": 5,
    "vijfde": 5, "last": -1, "laatste": -1,
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_FEW = 5


def chosen(answer: str, question: str) -> str:
    """The line that is meant, without its number; the answer itself when it chooses none."""
    lines: list[str] = [text for _, text in _LINE.findall(question)]
    place = _place(answer) if lines else None
    if place is not None and (0 < place <= len(lines) or place == -1):
        return lines[place - 1 if place > 0 else -1]
    fitting = [line for line in lines if _speaks_of(answer, line, lines)]
    return fitting[0] if len(fitting) == 1 else answer.strip()


def _place(answer: str) -> int | None:
    if match := _NUMBER.match(answer):
        return int(match[1])
    said = [word for word in _WORD.findall(answer.lower())]
    if len(said) > _FEW:
        return None
    ordinals = [_ORDINALS[word] for word in said if word in _ORDINALS]
    if len(said) == 1 and said[0] in meanings("numbers"):
        ordinals = [meanings("numbers")[said[0]]]
    return ordinals[0] if len(ordinals) == 1 else None


def _speaks_of(answer: str, line: str, lines: list[str]) -> bool:
    """Whether a telling word of the answer stands in this line and in no other."""
    others = {word for other in lines if other != line for word in _WORD.findall(other.lower())}
    own = set(_WORD.findall(line.lower())) - others - words("not_telling")
    return not own.isdisjoint(_WORD.findall(answer.lower()))
