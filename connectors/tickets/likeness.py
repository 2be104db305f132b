"""Whether two tickets are about the same thing: shared words, Dutch and English brought to one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from connectors.spelling import plain
from core.own_yaml import load_yaml

ENOUGH = 0.5

ENDINGS = ("ingen", "ing", "en", "es", "s", "e")


@dataclass(frozen=True, slots=True)
class _Words:
    empty: frozenset[str]
    same: dict[str, str]


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that say what it is about, each in one form."""
    known = _words()
    words = re.findall(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", plain(text))
    return frozenset(_one_form(word, known.same) for word in words if word not in known.empty and len(word) > 1)


def likeness(words: str, summary: str, description: str = "") -> float:
    """0 to 1: the share of telling words in common, seen from the side that has fewer; 0 when it is not enough.

    The summary must share one, and both texts together two, unless `words` say only one: `printer broken` fits an
    outage of printers in Zwolle, `printer in Rotterdam` does not.
    """
    asked, short = telling_words(words), telling_words(summary)
    shared = asked & (short | telling_words(description))
    if not asked & short or len(shared) < min(2, len(asked)):
        return 0.0
    score = max(len(shared) / len(asked), len(asked & short) / len(short))
    return score if score >= ENOUGH else 0.0


def _one_form(word: str, same: dict[str, str]) -> str:
    if word in same:
        return same[word]
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 4:
            return same.get(stem, stem)
    return word


@cache
def _words() -> _Words:
    document = load_yaml(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return _Words(
        empty=frozenset(word for words in document["empty"].values() for word in words.split()),
        same={form: meaning for meaning, forms in document["same"].items() for form in forms.split()},
    )
