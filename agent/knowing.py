"""Whether a passage is about the question at all: what search says of it, weighed into one probability.

The weights are a logistic regression on real handbooks: the label is "this passage holds the answer", the questions are
those of the tuning half (docs/quality.md, "Knowing when not to answer"). No single figure separates: a question about a
gym that does not exist resembles the page about one that does, but half of its telling words are missing there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agent.asked import LANGUAGES, STEM, Asked, words_of
from agent.asked_kind import COUNTED, has_kind
from agent.data_text import Shown
from policies.concepts import thesaurus
from policies.function_words import folded

SURE = 0.20
"""From this probability on an answer is given. Lower answers more and is wrong more often: the curve is in
docs/quality.md."""

_CONSTANT = -3.49
_COVERAGE = 2.4
_SIMILARITY = 1.6
_AHEAD = 1.69  # of the best passage of another document in its language: where many are as good, none may be meant
_NO_FIGURE = -0.6  # the question asks for one and the passage has none
_NOT_OF_ITS_KIND = -1.6  # ... or none of the kind that is asked for: an amount of money, a time of day, a length
_SHORT = 0.63  # few words leave few to be found: "business class vliegen" is as much of a question as people type
_FEW = 4
_UNNAMED = -1.2  # the question names a place or a product that the passage does not: set by hand, of 210 right passages
# 8 lack such a name, all of them for stories ("while we are in Lisbon")
_FOREIGN = 0.74  # in another language the words and the meaning agree less, however right the passage is

ABROAD = "abroad"
_NAME = re.compile(r"(?<=[a-zà-ÿ,;0-9] )[A-Z][a-zà-ÿ]{2,}\b")
_FIGURE = re.compile(r"[0-9]")


def probability(asked: Asked, language: str, passage: Shown, others: Sequence[Shown]) -> float:
    """How probable it is, 0..1, that this passage answers a question in `language`; `others` were found with it."""
    foreign = passage.language != language
    # The same rule in the other language is no rival of a text in the asker's own.
    rivals = [one for one in others if one.title != passage.title and (foreign or one.language == passage.language)]
    ahead = passage.score - max((one.score for one in rivals), default=0.0)
    counted = asked.kind in COUNTED
    no_figure = counted and _FIGURE.search(passage.text) is None
    not_of_its_kind = counted and not has_kind(asked.kind, passage.text)
    weighed = (
        _CONSTANT
        + _COVERAGE * passage.coverage
        + _SIMILARITY * passage.similarity
        + _AHEAD * ahead
        + _NO_FIGURE * no_figure
        + _NOT_OF_ITS_KIND * not_of_its_kind
        + _SHORT * (len(asked.text.split()) <= _FEW)
        + _UNNAMED * _lacks_a_name(asked, passage)
        + _FOREIGN * foreign
    )
    return 1 / (1 + math.exp(-weighed))


def _lacks_a_name(asked: Asked, passage: Shown) -> bool:
    """A place or product; a rule about abroad need not name Spain."""
    names = [folded(name) for name in _NAME.findall(asked.text)]
    if not names:
        return False
    whole = f"{passage.title} {passage.heading} {passage.text}"
    there, spoken = folded(whole), words_of(whole)
    return any(name[:STEM] not in there and not any(map(spoken.have, _abroad(name))) for name in names)


def _abroad(name: str) -> tuple[str, ...]:
    """What a rule may say where the question names a country."""
    meant = thesaurus(LANGUAGES).get(name, ())
    return meant if ABROAD in meant else ()
