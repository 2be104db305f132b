"""What changes the meaning of a rule: denials, limits, conditions, duties, parties and opposites, in two languages.

The words stand in `answer_words.yaml`; each has one mark, the same in English and Dutch.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# "Not more than" is a limit and "not only" an addition: neither denies.
_NO_DENIAL = re.compile(
    r"\b(?:no|not|niet) (?:more|less|later|meer|minder) (?:than|dan)\b|\bnot only\b|\bniet alleen\b", re.IGNORECASE
)


def negated(text: str) -> bool:
    """Whether the text denies something. Two denials are one statement."""
    return len(_alternatives("negations").findall(_NO_DENIAL.sub("", text))) % 2 == 1


def limits(text: str) -> frozenset[str]:
    """The kinds of limit it states."""
    return _marks("limits", text)


def conditional(text: str) -> bool:
    """Whether it holds only under a condition or with an exception."""
    return _alternatives("conditions").search(text) is not None


def modes(text: str) -> frozenset[str]:
    """Duty, permission or advice."""
    return _marks("modes", text)


def parties(text: str) -> frozenset[str]:
    """The parties it names."""
    return _marks("parties", text)


def contradicts(answer: str, clause: str) -> bool:
    """Whether the answer says the opposite word of the one the clause says."""
    return any(
        said.search(answer) and not said.search(clause) and opposite.search(clause) for said, opposite in _opposites()
    )


def _marks(family: str, text: str) -> frozenset[str]:
    return frozenset(mark for mark, pattern in _family(family) if pattern.search(text))


@cache
def _family(name: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((mark, _compiled(lines)) for mark, lines in _written()[name].items())


@cache
def _alternatives(name: str) -> re.Pattern[str]:
    return _compiled(_written()[name])


@cache
def _opposites() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    pairs = [(_compiled(pair["one"]), _compiled(pair["other"])) for pair in _written()["opposites"]]
    return tuple((*pairs, *((other, one) for one, other in pairs)))


def _compiled(lines: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(lines), re.IGNORECASE)


@cache
def _written() -> dict[str, Any]:
    text = Path(__file__).with_name("answer_words.yaml").read_text(encoding="utf-8")
    written: dict[str, Any] = yaml.safe_load(text)
    return written
