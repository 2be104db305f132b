"""The built-in model's answer: the clauses of the passages that say it, in their own words, or nothing.

Nothing is written anew. What limits a clause (a condition, an exception) and what leads a list in comes along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.clause_choice import chosen, weigh
from agent.data_text import Shown
from agent.knowing import SURE, probability
from agent.meaning import Meaning
from policies.clauses import clauses

UNSURE = 0.45
"""Below this probability another passage may be meant as well: the second best is quoted beside the best ..."""
SECOND = 0.7
"""... when it is this probable, as a share of the best."""
OWN_LANGUAGE = 0.15
"""What it counts that a passage is in the reader's language: of two that say the same, theirs is quoted."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Sentences of one passage, verbatim and in order."""

    number: int
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences, each with its citation."""
        return "\n\n".join(f"{sentence} [{self.number}]" for sentence in self.sentences)


class Extractor:
    """Picks passages by what search knows of them, then clauses by meaning and by shared words. Blocking."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def extract(self, question: str, passages: Sequence[Shown], language: str) -> tuple[Extract, ...]:
        """One to three sentences or a short list, of one passage, or of two where either may be meant; empty for "not
        known"."""
        known = _known(question, passages, language)
        if not known:
            return ()
        best, first = known[0]
        others = known[1:2] if best < UNSURE else []
        taken = [first, *(other for chance, other in others if chance >= SECOND * best)]
        extracts: list[Extract] = []
        for passage in taken:
            said = self._clauses(question, passage)
            if said and not any(set(said) <= set(before.sentences) for before in extracts):
                extracts.append(Extract(passage.number, said))
        return tuple(extracts)

    def _clauses(self, question: str, passage: Shown) -> tuple[str, ...]:
        found = clauses(passage.text)
        weights = weigh(self._meaning, question, found)
        return tuple(found[index].text for index in chosen(found, weights))


def _known(question: str, passages: Sequence[Shown], language: str) -> list[tuple[float, Shown]]:
    """The passages that are about the question, the best first; text in force before any other."""
    chances = [(probability(question, language, passage, passages), passage) for passage in passages]
    known = [(chance, passage) for chance, passage in chances if chance >= SURE]
    in_force = [one for one in known if one[1].status == "current"] or known
    return sorted(in_force, key=lambda one: -(one[0] + (OWN_LANGUAGE if one[1].language == language else 0.0)))
