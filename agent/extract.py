"""The built-in model's answer: the clauses of the passages that say it, in their own words, or nothing.

Nothing is written anew. What limits a clause (a condition, an exception) and what leads a list in comes along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.aside import is_beside, is_for_others
from agent.asked import Asked, headed, rarities, read_question, touched
from agent.clause_choice import chosen
from agent.clause_weights import marks_of, weights_of
from agent.data_text import Shown
from agent.knowing import SURE, probability
from agent.meaning import Meaning
from agent.twins import twin_of
from policies.clauses import Clause, clauses
from policies.passages import INTRO

UNSURE = 0.45
"""Below this probability another passage may be meant as well: the second best is quoted beside the best ..."""
SECOND = 0.7
"""... when it is this probable, as a share of the best."""
OWN_LANGUAGE = 0.15
"""What it counts that a passage is in the reader's language: of two that say the same, theirs is quoted."""
SAYS = 0.4
"""What it counts, beside the probability, how much its best clause says of what was asked. The probability is about the
whole section: every section on leave is about leave, and only one says how much of it there is."""
HEADED = 0.2
"""What it counts that the heading of a passage says just what was asked ("Reporting sick")."""
TOUCHED = 0.25
"""What it counts that all of its heading was asked about ("1 Connecting", of somebody who cannot connect)."""
OPENING = 0.15
"""What it counts against the introduction of a document: it says what the others say in full."""
BESIDE = 0.25
"""What it counts against an exception or a list of what words mean that nobody asked about."""
FEWEST = 4
"""Fewer words than this, without a figure or an address, are no answer."""
OTHERS = 0.35
"""What it counts against a passage that it is for other people ("Receiving visitors") than were spoken of."""


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
class _Read:
    """A passage that was read: how probable it is that it is meant, and what each of its clauses weighs."""

    passage: Shown
    chance: float
    clauses: Sequence[Clause]
    weights: Sequence[float]

    def worth(self, asked: Asked, language: str) -> float:
        """How well it answers: meant, saying it, under a heading that says so, and in the reader's language."""
        heading = self.passage.heading
        own = OWN_LANGUAGE if self.passage.language == language else 0.0
        opening = OPENING if heading == INTRO else 0.0
        beside = BESIDE if is_beside(asked, heading, self.passage.text) else 0.0
        others = OTHERS if is_for_others(asked, _above(self.passage)) else 0.0
        says = SAYS * max(self.weights, default=0.0)
        named = HEADED * headed(asked, heading) + TOUCHED * touched(asked, heading)
        return self.chance + says + named + own - opening - beside - others


class Extractor:
    """Picks passages by what search knows of them and by what they say, then clauses. Blocking."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def extract(self, question: str, passages: Sequence[Shown], language: str) -> tuple[Extract, ...]:
        """One to three sentences or a short list, of one passage, or of two where either may be meant; empty for "not
        known"."""
        asked = read_question(question)
        known = self._read(asked, _known(asked, passages, language), language)
        known.sort(key=lambda one: one.worth(asked, language), reverse=True)
        if not known:
            return ()
        best = known[0]
        twin = twin_of(best.passage, passages, language, self._meaning)
        if twin is not None:
            known = self._read(asked, [(best.chance, twin)], language)
        elif best.chance >= UNSURE:
            known = known[:1]
        taken = [known[0], *(one for one in known[1:2] if one.chance >= SECOND * best.chance)]
        extracts: list[Extract] = []
        for one in taken:
            said = tuple(one.clauses[index].text for index in chosen(one.clauses, one.weights))
            if _says_something(said) and not any(set(said) <= set(before.sentences) for before in extracts):
                extracts.append(Extract(one.passage.number, said))
        return tuple(extracts)

    def _read(self, asked: Asked, known: Sequence[tuple[float, Shown]], language: str) -> list[_Read]:
        taken = [(chance, passage, clauses(passage.text)) for chance, passage in known]
        rarity = rarities(asked, [clause.said for _, _, found in taken for clause in found])
        return [
            _Read(
                passage,
                chance,
                found,
                weights_of(marks_of(self._meaning, asked, _above(passage), found, rarity), found),
            )
            for chance, passage, found in taken
        ]


def _says_something(said: Sequence[str]) -> bool:
    """A section of nothing but a name ("Evaluation") has no answer in it."""
    text = " ".join(said)
    return len(text.split()) >= FEWEST or any(sign.isdigit() or sign == "@" for sign in text)


def _above(passage: Shown) -> str:
    return f"{passage.title} {passage.heading}"


def _known(asked: Asked, passages: Sequence[Shown], language: str) -> list[tuple[float, Shown]]:
    """The passages that are about the question, those in force if there are any."""
    chances = [(probability(asked, language, passage, passages), passage) for passage in passages]
    known = [(chance, passage) for chance, passage in chances if chance >= SURE]
    return [one for one in known if one[1].status == "current"] or known
