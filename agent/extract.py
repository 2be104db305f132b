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
MOST_SENTENCES = 3
NEAR = 0.85
"""A further sentence must be at least this share of the best one's own likeness."""

_WORD = re.compile(r"[a-zà-ÿ0-9€%]{2,}")
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
        scored = [
            _Scored(passage, index, clauses, weight + float(near + 0.5 * common), float(near + 0.5 * common))
            for index, (near, common) in enumerate(zip(likeness, shared, strict=True))
            if len(clauses[index].split()) > 2
        ]
        return sorted(scored, key=lambda one: -one.score)


def _known(question: str, scored: Sequence[_Scored]) -> bool:
    """Whether this passage is about the question at all."""
    passage = scored[0].passage
    in_passage = _words(f"{passage.title} {passage.heading} {passage.text}")
    agrees = _share(_words(question), in_passage) >= WORDS
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
    """Its telling words, by their first six letters: "declareren" meets "declaratie"."""
    return frozenset(word[:6] for word in _WORD.findall(text.lower()) if word not in words("not_telling"))


def _share(asked: frozenset[str], found: frozenset[str]) -> float:
    return len(asked & found) / len(asked) if asked else 0.0
