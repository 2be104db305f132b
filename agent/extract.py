"""The built-in model's answer: the sentences of the passages that say it, in their own words, or nothing.

Nothing is written anew. What limits a clause (a condition, an exception) comes along with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.data_text import Shown
from agent.meaning import Meaning
from agent.word_lists import words
from policies.sentences import sentences

SURE = 0.44
"""From this search score (0 to 1, see `policies/fusion.py`) on, the best passage is taken to be about the question.
Measured on the sample handbook: 36 of 36 answerable questions are above, 11 of 14 others below."""
UNSURE = 0.33
"""Between this score and `SURE` the passage must also have most of the question's words; below it nothing is said."""
WORDS = 0.6
"""Share of the question's own words that an unsure passage must have."""
READ = 3
"""How many passages are read sentence by sentence."""
PASSAGE = 3.5
"""What the search score of its passage counts against a sentence's own likeness."""
OWN_LANGUAGE = 0.3
"""What it counts that a passage is in the reader's language: of two that say the same, theirs is quoted."""
FIGURE = 0.2
"""What it counts that a sentence has a figure when the question asks for one ("how many", "hoe laat")."""
LEAD = 0.15
"""What it counts to be the first sentence of its section: there a clause says its rule, the rest refines it."""
STEM = 6
COMPOUND = 5
INTRO = "(intro)"
MOST_SENTENCES = 3
NEAR = 0.85
"""A further sentence must be at least this share of the best one's own likeness."""

_WORD = re.compile(r"[a-zà-ÿ0-9€%]{2,}")
_ASKS_FIGURE = re.compile(
    r"\b(?:how (?:many|much|long|far|often|soon|old|late|early|quickly)|when|until|what time|maxim\w*|minim\w*|"
    r"hoe ?(?:veel|lang|vaak|ver|snel|oud|laat|vroeg)|wanneer|tot wanneer|hoogstens|minstens|bedrag|amount|rate)\b",
    re.IGNORECASE,
)
_HAS_FIGURE = re.compile(r"[0-9]")
_BELONGS = re.compile(
    r"^(?:but|however|unless|except|only|if|this does not|that does not|exception|you may not|it does not|in that case|"
    r"maar|echter|tenzij|behalve|alleen|als u|bent u|is er|dit geldt niet|dat geldt niet|uitzondering|in dat geval|"
    r"let op|note)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extract:
    """Sentences of one passage, verbatim and in order."""

    number: int
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences, each with its citation."""
        return "\n\n".join(f"{sentence} [{self.number}]" for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class _Scored:
    passage: Shown
    index: int
    clauses: tuple[str, ...]
    score: float
    own: float


class Extractor:
    """Picks sentences by meaning and by shared words. Blocking."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def extract(self, question: str, passages: Sequence[Shown], language: str) -> tuple[Extract, ...]:
        """The best one to three sentences, of one passage and of a second that says as much; empty for "not known"."""
        ranked = [self._rank(question, passage, language) for passage in passages[:READ]]
        found = sorted((best for best in ranked if best), key=lambda scored: -scored[0].score)
        known = [scored for scored in found if _known(question, scored)]
        current = [scored for scored in known if scored[0].passage.status == "current"] or known
        if not current:
            return ()
        chosen = [current[0]]
        chosen += [
            other
            for other in current[1:2]
            if other[0].score >= current[0][0].score * 0.97 and _differs(other[0], current[0][0])
        ]
        return tuple(_with_its_limits(scored) for scored in chosen)

    def _rank(self, question: str, passage: Shown, language: str) -> list[_Scored]:
        clauses = tuple(clause for clause in sentences(passage.text) if _WORD.search(clause.lower()))
        if not clauses:
            return []
        likeness = self._meaning.likeness(question, list(clauses))
        asked = _words(question)
        shared = [_share(asked, _words(clause)) for clause in clauses]
        weight = PASSAGE * passage.score + (OWN_LANGUAGE if passage.language == language else 0.0)
        fits = [
            float(near + 0.5 * common) + _place_and_figure(question, clauses[index], passage, index)
            for index, (near, common) in enumerate(zip(likeness, shared, strict=True))
        ]
        scored = [
            _Scored(passage, index, clauses, weight + own, own)
            for index, own in enumerate(fits)
            if len(clauses[index].split()) > 2
        ]
        return sorted(scored, key=lambda one: -one.score)


def _place_and_figure(question: str, clause: str, passage: Shown, index: int) -> float:
    wants_figure = _ASKS_FIGURE.search(question) and _HAS_FIGURE.search(clause)
    leads = index == 0 and passage.heading != INTRO
    return (FIGURE if wants_figure else 0.0) + (LEAD if leads else 0.0)


def _known(question: str, scored: Sequence[_Scored]) -> bool:
    """Whether this passage is about the question at all."""
    passage = scored[0].passage
    in_passage = _words(f"{passage.title} {passage.heading} {passage.text}")
    agrees = _same(_words(question), in_passage) >= WORDS
    return passage.score >= SURE or (passage.score >= UNSURE and agrees)


def _with_its_limits(scored: Sequence[_Scored]) -> Extract:
    """The best sentence, others nearly as good, and the sentence behind each that limits it; in order."""
    best = scored[0]
    taken = {one.index for one in scored[:MOST_SENTENCES] if one.own >= best.own * NEAR}
    for index in sorted(taken):
        following = index + 1
        if following < len(best.clauses) and _BELONGS.match(best.clauses[following]) and len(taken) <= MOST_SENTENCES:
            taken.add(following)
        if _BELONGS.match(best.clauses[index]) and index > 0:
            taken.add(index - 1)
    ordered = sorted(taken)[: MOST_SENTENCES + 1]
    return Extract(best.passage.number, tuple(best.clauses[index] for index in ordered))


def _differs(one: _Scored, other: _Scored) -> bool:
    return one.clauses[one.index] != other.clauses[other.index]


def _words(text: str) -> frozenset[str]:
    """Its telling words."""
    return frozenset(word for word in _WORD.findall(text.lower()) if word not in words("not_telling"))


def _same(asked: frozenset[str], found: frozenset[str]) -> float:
    """The part of the asked words that is found, by their first six letters: "declareren" meets "declaratie"."""
    beginnings = {word[:STEM] for word in found}
    return sum(word[:STEM] in beginnings for word in asked) / len(asked) if asked else 0.0


def _share(asked: frozenset[str], found: frozenset[str]) -> float:
    """As `_same`, and also where one is part of a compound: "verlof" meets "vakantieverlof"."""
    if not asked:
        return 0.0
    beginnings = {word[:STEM] for word in found}
    return sum(_meets(word, beginnings, found) for word in asked) / len(asked)


def _meets(word: str, beginnings: set[str], found: frozenset[str]) -> bool:
    if word[:STEM] in beginnings:
        return True
    return any(min(word, other, key=len) in max(word, other, key=len) for other in found if _compounds(word, other))


def _compounds(word: str, other: str) -> bool:
    return min(len(word), len(other)) >= COMPOUND
