"""What a follow-up follows upon: "en parttimers?" is about the question before, however many steps back that began."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.intents import Intent, intent_of
from agent.question_form import is_question
from core.own_yaml import load_yaml

LONG = 9
"""More words than this stand on their own."""
SHORT = 6
CHAT = frozenset({Intent.GREETING, Intent.THANKS, Intent.GOODBYE, Intent.SMALL_TALK, Intent.CONFIRM, Intent.CANCEL})
STEPS = 5
"""How many follow-ups are followed back."""
_WORD = re.compile(r"[\w'-]+")


def context_of(text: str, said: Sequence[str]) -> str:
    """The question that `text` follows upon, without what `text` puts in its place; empty when it stands alone.

    `said`: what the person wrote before, oldest first.
    """
    before = [one for one in said if intent_of(one) not in CHAT]
    if not before or not follows(text):
        return ""
    return _without_replaced(_whole_question(before[-1], before[:-1], STEPS), text)


def follows(text: str) -> bool:
    """Whether the message, said after another, asks further about the same."""
    flat = " ".join(text.split())
    words = len(flat.split())
    if words > LONG:
        return False
    if _pattern("bare").search(flat) or _pattern("narrows").search(flat):
        return True
    if _pattern("begins").search(flat):
        return not _stands_alone(flat)
    return _pattern("points").search(flat) is not None and not _names_topic(flat)


def _whole_question(text: str, said: Sequence[str], steps: int) -> str:
    if not said or steps == 0 or not follows(text):
        return text
    return f"{_without_replaced(_whole_question(said[-1], said[:-1], steps - 1), text)} {text}".strip()


def _without_replaced(question: str, text: str) -> str:
    """ "How much annual leave?", "and parental leave?": of the first only "how much" is still asked."""
    for family in _families():
        if family.search(text) and family.search(question):
            question = family.sub(" ", question)
    return " ".join(question.split())


def _stands_alone(flat: str) -> bool:
    """ "And how do I report sick?" begins like a follow-up and is a question of its own."""
    bare = _pattern("begins").sub("", flat, count=1).strip()
    points = _pattern("points").search(bare) is not None
    return is_question(bare.rstrip("?")) and len(_WORD.findall(bare)) >= SHORT - 1 and not points


def _names_topic(flat: str) -> bool:
    """ "Is there a lunch there" points to nothing that was said: it brings its own subject, in a whole question."""
    return len(flat.split()) >= SHORT and any(family.search(flat) for family in _families())


@lru_cache(maxsize=1)
def _families() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"\b(?:{_folded(text)})(?!\w)", re.IGNORECASE) for text in _written()["families"])


@lru_cache(maxsize=8)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_folded(_written()[name]), re.IGNORECASE)


def _folded(text: str) -> str:
    """A pattern that was written over several lines: the space behind a `|` or between two groups is of the folding."""
    return text.replace("| ", "|").replace(")\\s+)* (?:", ")\\s+)*(?:")


@lru_cache(maxsize=1)
def _written() -> dict[str, Any]:
    written: dict[str, Any] = load_yaml(Path(__file__).with_name("follow_ups.yaml").read_text(encoding="utf-8"))
    return written
