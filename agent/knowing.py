"""Whether a passage is about the question at all: what search says of it, weighed into one probability.

The weights are a logistic regression on real handbooks: the label is "this passage holds the answer", the questions are
those of the tuning half (docs/quality.md, "Knowing when not to answer"). No single figure separates: a question about a
gym that does not exist resembles the page about one that does, but half of its telling words are missing there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agent.asked import STEM, Asked
from agent.asked_kind import COUNTED
from agent.data_text import Shown

SURE = 0.20
"""From this probability on an answer is given. Lower answers more and is wrong more often: the curve is in
docs/quality.md."""

_CONSTANT = -3.37
_COVERAGE = 2.61
_SIMILARITY = 1.18
_AHEAD = 1.69  # of the best passage of another document in its language: where many are as good, none may be meant
_NO_FIGURE = -1.61  # the question asks for one and the passage has none
_SHORT = 0.63  # few words leave few to be found: "business class vliegen" is as much of a question as people type
_FEW = 4
_UNNAMED = -1.2  # the question names a place or a product that the passage does not: set by hand, of 210 right passages
# 8 lack such a name, all of them for stories ("while we are in Lisbon")
_FOREIGN = 0.74  # in another language the words and the meaning agree less, however right the passage is

_NAME = re.compile(r"(?<=[a-zà-ÿ,;0-9] )[A-Z][a-zà-ÿ]{2,}\b")
_FIGURE = re.compile(r"[0-9]")


def probability(asked: Asked, language: str, passage: Shown, others: Sequence[Shown]) -> float:
    """How probable it is, 0..1, that this passage answers a question in `language`; `others` were found with it."""
    foreign = passage.language != language
    # The same rule in the other language is no rival of a text in the asker's own.
    rivals = [one for one in others if one.title != passage.title and (foreign or one.language == passage.language)]
    ahead = passage.score - max((one.score for one in rivals), default=0.0)
    no_figure = asked.kind in COUNTED and _FIGURE.search(passage.text) is None
    weighed = (
        _CONSTANT
        + _COVERAGE * passage.coverage
        + _SIMILARITY * passage.similarity
        + _AHEAD * ahead
        + _NO_FIGURE * no_figure
        + _SHORT * (len(asked.text.split()) <= _FEW)
        + _UNNAMED * _lacks_a_name(asked.text, passage)
        + _FOREIGN * foreign
    )
    return 1 / (1 + math.exp(-weighed))


def _lacks_a_name(question: str, passage: Shown) -> bool:
    there = f"{passage.title} {passage.heading} {passage.text}".lower()
    return any(name.lower()[:STEM] not in there for name in _NAME.findall(question))
