"""Words that nobody knows as what was probably meant: "wachtword" is "wachtwoord", "verlofuren" is "verlof" and "uren".

Only a word that no document of the reader has, no glossary and no word list is looked at, and it is only changed into a
word of those: what is written right stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from policies.concepts import concepts
from policies.function_words import folded, listed
from policies.glossary import Match
from policies.indexes.edits import distance
from policies.indexes.vocabulary import Vocabulary, gathered

Known = Callable[[str], bool]

SHORTEST = 4
"""Shorter words are not looked at: nearly any three letters are one slip from a word."""
TWICE = 7
"""From this many letters on, two slips are believed."""
SURE = 6
"""From this many letters on, one letter too few or too many, or two turned round, is a slip."""
SURE_OTHER = 8
"""From this many letters on, one other letter is a slip; shorter words must look like none (see `RARE`), and the
shortest are never believed: "pool" is not "poll"."""
SMALL = 5
"""The fewest letters of a small word that another is taken for: "peru" is not "per"."""
RARE = 3
"""Three letters in a row that fewer words than this have look like no word."""
COMPOUND = 8
"""From this many letters on, a word may be two."""
PART = 4
"""The fewest letters of each of those two."""
MOST = 8
"""How many words of one question are put right: more is no question in these languages."""
# A word in one piece: not part of an address, a path, a number, something with a hyphen or an apostrophe.
_WORD = re.compile(r"(?<![\w@./\\'’&+#-])[^\W\d_]{3,30}(?![\w@/\\&+#-]|['’.:]\w)")
_LINKS = ("", "s", "en", "e", "n")  # what Dutch puts between the parts of a compound
_ALWAYS = 1_000_000  # passages, so to say
_SENTENCE_START = re.compile(r"(?:^|[.?!:\n])\s*$")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A text as it was probably meant. `text` has the words put right; `compounds` are words that are two, or two that
    are one, with the other way to write them; `changed` are (as typed, as meant), in order."""

    text: str
    compounds: tuple[Match, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()


class Spelling:
    """Of one reader: `vocabularies` are those that may be used, `known` says of other words that they are right.

    `twice` is the number of letters from which two slips are believed.
    """

    def __init__(self, vocabularies: Sequence[Vocabulary], known: Known | None = None, twice: int = TWICE) -> None:
        self._own = vocabularies
        self._known = known
        self._twice = twice

    def read(self, text: str) -> Spelled:
        """The text with unknown words put right. Numbers, addresses and names in capitals stay."""
        shouted = sum(map(str.isupper, text)) > sum(map(str.islower, text))
        changed: list[tuple[str, str]] = []
        compounds: list[Match] = []
        pieces: list[str] = []
        done = 0
        for found in _WORD.finditer(text):
            word = folded(found.group())
            if len(changed) + len(compounds) >= MOST or not self._is_doubtful(word):
                continue
            if not shouted and _is_name(text, found):
                continue
            if meant := self._meant(word):
                pieces += [text[done : found.start()], meant]
                done = found.end()
                changed.append((found.group(), meant))
            elif parts := self._parts(word):
                compounds.append(Match((found.group().lower(),), (parts,)))
        put = "".join([*pieces, text[done:]])
        return Spelled(put, (*compounds, *self._joined(put)), tuple(changed))

    def knows(self, word: str) -> bool:
        """Whether a folded word is written right as far as anything here can tell."""
        if word in listed() or any(word in own for own in self._own) or word in everyday():
            return True
        return self._known is not None and self._known(word)

    def _is_doubtful(self, word: str) -> bool:
        return len(word) >= SHORTEST and not self.knows(word)

    def _meant(self, word: str) -> str:
        """The nearest word; of those at one distance one with the same letters, then the most used."""
        if nearest := self._nearest(word, 1):
            return nearest if self._is_evident(word, nearest) else ""
        if len(word) < self._twice or self._parts(word) or not self._is_odd(word):
            return ""
        return self._nearest(word, 2)

    def _is_evident(self, word: str, meant: str) -> bool:
        """Whether one slip is likelier than a word that is new here ("rain" is not "rail"): long or looking like none.

        A letter too few or too many, or two turned round, is a slip sooner than another letter.
        """
        other_letter = len(word) == len(meant) and sorted(word) != sorted(meant)
        if other_letter and len(word) <= SHORTEST:
            return False
        return len(word) >= (SURE_OTHER if other_letter else SURE) or self._is_odd(word)

    def _is_odd(self, word: str) -> bool:
        """Whether it has three letters in a row as hardly any word has them."""
        seen = sum(source.shapes(word) for source in (*self._own, everyday(), small_words()))
        return int(np.min(seen)) < RARE

    def _nearest(self, word: str, most: int) -> str:
        sources = (*self._own, everyday(), small_words())
        alike = dict.fromkeys(other for source in sources for other in source.alike(word, most))
        near = [other for other in alike if distance(word, other, most) <= most]
        return min(near, key=lambda other: (sorted(other) != sorted(word), -self._count(other), other), default="")

    def _parts(self, word: str) -> str:
        """Two known words that the word is made of, the longest first part first; empty when it is not."""
        if len(word) < COMPOUND:
            return ""
        for end in range(len(word) - PART, PART - 1, -1):
            last = word[end:]
            if not self._is_part(last):
                continue
            for link in _LINKS:
                first = word[:end].removesuffix(link) if link else word[:end]
                if len(first) >= PART and (not link or len(first) < end) and self._is_part(first):
                    return f"{first} {last}"
        return ""

    def _is_part(self, word: str) -> bool:
        return word not in listed() and (any(word in own for own in self._own) or word in everyday())

    def _joined(self, text: str) -> list[Match]:
        """Two words side by side that the documents write as one."""
        words = [found.group().lower() for found in _WORD.finditer(text)][:60]
        found: list[Match] = []
        for first, second in pairwise(words):
            one = folded(first + second)
            if len(one) >= TWICE and any(one in own for own in self._own) and one not in listed():
                found.append(Match((first, second), (one,)))
        return found[:MOST]

    def _count(self, word: str) -> int:
        """How much a word is used; a small word is used more than any other."""
        return sum(own.count(word) for own in self._own) + small_words().count(word)


def _is_name(text: str, found: re.Match[str]) -> bool:
    """A capital in mid-sentence, or at its start with another one behind it ("Sanne de Wit", not "Papadag")."""
    word = found.group()
    if not word[0].isupper():
        return False
    if not _SENTENCE_START.search(text, max(0, found.start() - 20), found.start()):
        return True
    follows = re.match(r"\s+(\w)", text[found.end() : found.end() + 10])
    return len(word) > 1 and (word.isupper() or (follows is not None and follows[1].isupper()))


def glossary_words(glossary: Mapping[str, Sequence[str]]) -> Vocabulary:
    """The terms of a glossary and what they stand for."""
    return gathered([*glossary, *(word for words in glossary.values() for word in words)])


@lru_cache(maxsize=1)
def everyday() -> Vocabulary:
    """What people say at work, and the words of handbooks for it: right, whatever the documents have."""
    return gathered(
        "\n".join([*concept.said, *(word for _language, word in concept.recognised())]) for concept in concepts()
    )


@lru_cache(maxsize=1)
def small_words() -> Vocabulary:
    """English and Dutch ones, more used than any telling word: "waneer" is "wanneer", whatever the documents have."""
    return Vocabulary({word: _ALWAYS for word in listed(("en", "nl")) if len(word) >= SMALL})
