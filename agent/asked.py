"""A question taken apart for finding what answers it: its kind, and its telling words with what may stand for them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from agent.answer_words import condition_starts
from agent.asked_kind import kind_of
from agent.word_lists import words
from policies.concepts import thesaurus
from policies.coverage import Subject, subjects
from policies.function_words import folded
from policies.glossary import matches

STAND_IN = 0.6
"""What it counts that a text has a word which may stand for one of the question ("manager" for "boss")."""
STEM = 6
"""Letters at the beginning of a word by which its forms are one."""
COMPOUND = 5
"""The fewest letters of a word that is found inside another ("verlof" in "vakantieverlof")."""
LANGUAGES = frozenset({"en", "nl"})
_WORD = re.compile(r"[^\W_]{2,}|[€%$]")
_MEMORY = 20_000
_ENDING = re.compile(r"(?<=[^\W\d_]{3})(?:ings?|ed|es|en|e|s|t)$")


@dataclass(frozen=True, slots=True)
class Words:
    """The telling words of a text, folded, and their beginnings."""

    whole: frozenset[str]
    beginnings: frozenset[str]

    def has(self, word: str) -> bool:
        """Whether it has a word in some form: "declareren" meets "declaratie", "verlof" meets "vakantieverlof"."""
        if beginning(word) in self.beginnings:
            return True
        if len(word) < COMPOUND:
            return False
        return any(len(other) >= COMPOUND and (word in other or other in word) for other in self.whole)

    def have(self, phrase: str) -> bool:
        """Whether it has all telling words of a phrase."""
        asked = telling(phrase)
        return bool(asked) and all(self.has(word) for word in asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `kind` is the kind of its answer (`agent/asked_kind.py`); `in_a_case`: it tells of a case itself
    ("what if nobody answers?")."""

    text: str
    kind: str
    about: tuple[Subject, ...]
    in_a_case: bool


@lru_cache(maxsize=500)
def read_question(text: str) -> Asked:
    """The question taken apart."""
    known = thesaurus(LANGUAGES)
    meant = {folded(one.word): one.meant for one in subjects(text, (), matches(text, known))}
    about = [Subject(word, (), meant.get(word, ())) for word in sorted(telling(text))]
    # "When" at the beginning asks for a time.
    in_a_case = any(start > 0 for start in condition_starts(text.strip()))
    return Asked(text, kind_of(text), tuple(about), in_a_case)


def telling(text: str) -> frozenset[str]:
    """Its telling words, folded."""
    return frozenset(map(folded, _WORD.findall(text.lower()))) - words("not_telling")


@lru_cache(maxsize=_MEMORY)
def words_of(text: str) -> Words:
    """The telling words of a text."""
    whole = telling(text)
    return Words(whole, frozenset(map(beginning, whole)))


@lru_cache(maxsize=_MEMORY)
def beginning(word: str) -> str:
    """What is left of a word by which its forms are one: "ask" of "asking", "declar" of "declareren"."""
    return _ENDING.sub("", word)[:STEM]


def meets(subject: Subject, found: Words) -> float:
    """1 when the words have the subject itself, less for one that may stand for it, else 0."""
    if found.has(subject.word):
        return 1.0
    return STAND_IN if any(found.have(form) for form in subject.meant) else 0.0


def rarities(asked: Asked, texts: Iterable[str]) -> Mapping[str, float]:
    """How telling each word of the question is among these texts: one that all of them have tells nothing apart."""
    read = [words_of(text) for text in texts]
    counts = {one.word: sum(meets(one, found) > 0 for found in read) for one in asked.about}
    return {word: math.log(1 + (len(read) + 1) / (count + 1)) for word, count in counts.items()}


def share(asked: Asked, rarity: Mapping[str, float], found: Words, above: Words | None = None) -> float:
    """The part of what was asked, 0..1, that a text says; what stands `above` it counts half."""
    total = sum(rarity[one.word] for one in asked.about)
    if not total:
        return 0.0
    said = (max(meets(one, found), 0.5 * meets(one, above) if above else 0.0) for one in asked.about)
    return sum(rarity[one.word] * has for one, has in zip(asked.about, said, strict=True)) / total


def touched(asked: Asked, heading: str) -> float:
    """The part of a heading's words, 0..1, that the question has or has others for: all of "1 Connecting", when it is
    asked how to connect."""
    named = [word for word in words_of(heading).whole if not word.isdigit()]
    said = sum(meets(one, words_of(heading)) for one in asked.about)
    return min(1.0, said / len(named)) if named else 0.0


def headed(asked: Asked, heading: str) -> float:
    """How nearly a heading says the question's words, 0..1: 0 unless it has all of them, 1 when it has no others."""
    there = words_of(heading)
    if not asked.about or not all(there.has(one.word) for one in asked.about):
        return 0.0
    own = words_of(" ".join(one.word for one in asked.about))
    named = [word for word in there.whole if not word.isdigit()]
    return sum(own.has(word) for word in named) / len(named) if named else 0.0
