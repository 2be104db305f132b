"""Which section of a document answers each phrase that its owner says people ask by.

The meaning of whole sections alone gave "how do I report sick" to the section on being ill often: all sections of one
document are about the same. So the words decide too, those that few sections of the document have above all, and those
of a heading once more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.function_words import folded, listed

BEST_SENTENCE = 0.5
"""What the likeness of the nearest sentence counts beside that of the whole section, which counts as much."""
WORDS = 0.8
"""What it counts that a section has all telling words of the phrase."""
HEADING = 0.5
"""What it counts that the heading says what the phrase says and nothing else."""
STEM = 5
"""Letters at the beginning of a word by which its forms are one."""
COMPOUND = 4
"""The fewest letters of a word that is found inside another ("verlof" in "verlofdagen")."""
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Section:
    """What a section says and is called."""

    heading: str
    text: str


def places(
    phrases: Sequence[str],
    sections: Sequence[Section],
    whole: NDArray[np.float32],
    nearest: NDArray[np.float32],
) -> list[int]:
    """For each phrase the place of its section. `whole` and `nearest` are the cosines of each phrase (rows) with each
    section (columns) and with its nearest sentence."""
    texts = [_telling(f"{section.heading} {section.text}") for section in sections]
    headings = [_telling(section.heading) for section in sections]
    score = BEST_SENTENCE * (whole + nearest)
    for row, phrase in enumerate(phrases):
        asked = sorted(_telling(phrase))
        rarity = {word: math.log(1 + len(texts) / (1 + sum(_has(word, text) for text in texts))) for word in asked}
        total = sum(rarity.values())
        for column, (text, heading) in enumerate(zip(texts, headings, strict=True)):
            said = sum(rarity[word] for word in asked if _has(word, text)) / total if total else 0.0
            named = sum(rarity[word] for word in asked if _has(word, heading)) / total if total else 0.0
            only = sum(_has(word, frozenset(asked)) for word in heading) / len(heading) if heading else 0.0
            score[row, column] += WORDS * said + HEADING * named * only
    return [int(place) for place in np.argmax(score, axis=1)]


def _telling(text: str) -> frozenset[str]:
    return frozenset(map(folded, _WORD.findall(text.lower()))) - listed(("en", "nl"))


def _has(word: str, words: frozenset[str]) -> bool:
    if word in words:
        return True
    long = len(word) >= COMPOUND
    return any(
        word[:STEM] == other[:STEM] or (long and len(other) >= COMPOUND and (word in other or other in word))
        for other in words
    )
