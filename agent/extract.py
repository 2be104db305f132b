"""The built-in model's answer: the sentences of the passages that say it, in their own words, or nothing.

Nothing is written anew. What limits a clause (a condition, an exception) comes along with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.data_text import Shown
from agent.meaning import Meaning
from policies.sentences import sentences

SURE = 0.52
"""From this likeness of a passage or sentence with the question on, meaning alone is enough."""
UNSURE = 0.33
"""Below this likeness nothing is said, whatever words agree."""
WORDS = 0.5
"""Share of the question's own words that an unsure passage must have."""
MOST_SENTENCES = 3
NEAR = 0.85
"""A further sentence must score at least this share of the best one."""

_WORD = re.compile(r"[a-zà-ÿ0-9€%]{2,}")
_STOP = frozenset(
    "the and for you your are this that with from have has can could will would may must not but they what when where who "
    "how many much long which why does did get got need want please is am be to of in on at my me it if or an do so about "
    "een het de van voor met die dat dit zijn heb heeft uw mijn ik je jij niet maar ook als bij naar wat wanneer waar wie hoe "
    "hoeveel lang welke waarom krijg krijgen moet mag kan kunt kun nog wel aan door over tot en of in op te er om is ben".split()
)
_BELONGS = re.compile(
    r"^(?:but|however|unless|except|only|if|this does not|that does not|exception|you may not|it does not|in that case|"
    r"maar|echter|tenzij|behalve|alleen|als u|bent u|is er|dit geldt niet|dat geldt niet|uitzondering|in dat geval|let op|note)\b",
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
        return " ".join(f"{sentence} [{self.number}]" for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class _Scored:
    passage: Shown
    index: int
    clauses: tuple[str, ...]
    score: float
    likeness: float


class Extractor:
    """Picks sentences by meaning and by shared words. Blocking."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def extract(self, question: str, passages: Sequence[Shown]) -> tuple[Extract, ...]:
        """The best one to three sentences, of one passage and of a second that says as much; empty for "not known"."""
        ranked = [self._rank(question, passage, place) for place, passage in enumerate(passages[:4])]
        found = sorted((best for best in ranked if best), key=lambda scored: -scored[0].score)
        current = [scored for scored in found if scored[0].passage.status == "current"] or found
        if not current or not _known(question, current[0]):
            return ()
        chosen = [current[0]]
        chosen += [
            other
            for other in current[1:2]
            if other[0].score >= current[0][0].score * 0.97
            and _differs(other[0], current[0][0])
            and _known(question, other)
        ]
        return tuple(_with_its_limits(scored) for scored in chosen)

    def _rank(self, question: str, passage: Shown, place: int) -> list[_Scored]:
        clauses = tuple(clause for clause in sentences(passage.text) if _WORD.search(clause.lower()))
        if not clauses:
            return []
        heading = f"{passage.title} {passage.heading}"
        likeness = self._meaning.likeness(question, list(clauses))
        asked = _words(question)
        shared = np.array([_share(asked, _words(clause)) for clause in clauses])
        bonus = 0.25 * passage.similarity + 0.15 * _share(asked, _words(heading)) - 0.03 * place
        scored = [
            _Scored(
                passage, index, clauses, float(likeness[index] + 0.5 * shared[index] + bonus), float(likeness[index])
            )
            for index in range(len(clauses))
            if len(clauses[index].split()) > 2
        ]
        return sorted(scored, key=lambda one: -one.score)


def _known(question: str, scored: Sequence[_Scored]) -> bool:
    """Whether this passage answers at all: near in meaning, or fairly near and in the same words."""
    best = scored[0]
    nearest = max(best.passage.similarity, best.likeness)
    asked = _words(question)
    in_passage = _words(f"{best.passage.title} {best.passage.heading} {best.passage.text}")
    return nearest >= SURE or (nearest >= UNSURE and _share(asked, in_passage) >= WORDS)


def _with_its_limits(scored: Sequence[_Scored]) -> Extract:
    """The best sentence, others nearly as good, and the sentence behind each that limits it; in order."""
    best = scored[0]
    taken = {one.index for one in scored[:MOST_SENTENCES] if one.score >= best.score * NEAR}
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
    return frozenset(word[:6] for word in _WORD.findall(text.lower()) if word not in _STOP)


def _share(asked: frozenset[str], found: frozenset[str]) -> float:
    return len(asked & found) / len(asked) if asked else 0.0
