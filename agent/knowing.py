"""Whether a passage is about the question at all: what search says of it, weighed into one probability.

The weights are a logistic regression on real handbooks: the label is "this passage holds the answer", the questions are
those of the tuning half (docs/quality.md, "Knowing when not to answer"). No single figure separates: a question about a
gym that does not exist resembles the page about one that does, but half of its telling words are missing there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agent.data_text import Shown

SURE = 0.33
"""From this probability on an answer is given. Lower answers more and is wrong more often."""

_CONSTANT = -3.10
_SCORE = 0.90
_SIMILARITY = 0.91
_COVERAGE = 2.00
_AHEAD = 4.56  # of the best other passage: two that are about as good are often both beside the question
_NO_FIGURE = -1.21  # the question asks for one and the passage has none

ASKS_FIGURE = re.compile(
    r"\b(?:how (?:many|much|long|far|often|soon|old|late|early|quickly)|when|until|what time|maxim\w*|minim\w*|"
    r"hoe ?(?:veel|lang|vaak|ver|snel|oud|laat|vroeg)|wanneer|tot wanneer|hoogstens|minstens|bedrag|amount|rate|"
    r"cuánt\w*|cuándo|wie ?viel\w*|wie lange|combien|quand)\b",
    re.IGNORECASE,
)
HAS_FIGURE = re.compile(r"[0-9]")


def probability(question: str, passage: Shown, others: Sequence[Shown]) -> float:
    """How probable it is, 0..1, that this passage answers the question; `others` were found with it."""
    best_other = max((other.score for other in others if other is not passage), default=0.0)
    no_figure = ASKS_FIGURE.search(question) is not None and HAS_FIGURE.search(passage.text) is None
    weighed = (
        _CONSTANT
        + _SCORE * passage.score
        + _SIMILARITY * passage.similarity
        + _COVERAGE * passage.coverage
        + _AHEAD * (passage.score - best_other)
        + _NO_FIGURE * no_figure
    )
    return 1 / (1 + math.exp(-weighed))
