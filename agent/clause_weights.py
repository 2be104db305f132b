"""How much each clause of a passage says of what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.answer_reading import leading_condition
from agent.asked import Asked, Words, beginning, share, words_of
from agent.asked_kind import COUNTED, has_kind, plainly
from agent.meaning import Meaning
from policies.clauses import Clause

SHARED = 0.6
"""What it counts that a clause has all of the question's telling words, rare ones most; the cosine counts 1."""
KIND = 0.2
"""What it counts that a clause has an answer of the kind that is asked for: an amount, somebody, a way. One in a
condition ("if you hear nothing within 5 days, ...") does not say how many."""
ELSEWHERE = 0.2
"""What it counts against a clause that it begins with a condition which the question has nothing of ("If you fall ill
abroad, ..."): it says what holds in a case that was not asked about. Nothing when the question tells of a case itself
("what if nobody answers?"): the handbook may have other words for it."""
OPENS = 0.1
"""What it counts to be the first sentence of its section: there a clause says its rule, the rest refines it."""
READ = 24
"""How many clauses of a passage are compared by meaning: those that share most words, in their order."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What speaks for a clause and against it, each 0..1 (`likeness` -1..1)."""

    likeness: float
    shared: float
    kind: bool
    opens: bool
    elsewhere: float

    @property
    def weight(self) -> float:
        """All of it as one number."""
        plain = self.likeness + SHARED * self.shared + KIND * self.kind + OPENS * self.opens
        return plain - ELSEWHERE * self.elsewhere


def marks_of(
    meaning: Meaning, asked: Asked, heading: str, clauses: Sequence[Clause], rarity: Mapping[str, float]
) -> list[Marks | None]:
    """The marks of each clause; None for a heading inside the section, which says nothing."""
    above = words_of(heading)
    shared = [share(asked, rarity, words_of(clause.said), above) for clause in clauses]
    order = sorted(range(len(clauses)), key=lambda index: -shared[index])
    read = [index for index in order if not clauses[index].title][:READ]
    near = meaning.likeness(asked.text, [clauses[index].said for index in read]).tolist()
    likeness = dict(zip(read, near, strict=True))
    return [
        None
        if clause.title
        else Marks(
            likeness.get(index, 0.0),
            shared[index],
            bool(asked.kind) and has_kind(asked.kind, _said_plainly(asked, clause)),
            index == 0,
            0.0 if asked.in_a_case else _unasked(asked, clause.text),
        )
        for index, clause in enumerate(clauses)
    ]


def weights_of(marks: Sequence[Marks | None], clauses: Sequence[Clause]) -> list[float]:
    """How much each says. An item says what it says together with the sentence that leads its list in."""
    own = [-1.0 if one is None else one.weight for one in marks]
    return [
        max(own[index], (own[index] + own[clause.lead]) / 2) if clause.item and clause.lead >= 0 else own[index]
        for index, clause in enumerate(clauses)
    ]


def _said_plainly(asked: Asked, clause: Clause) -> str:
    """The clause without the condition it begins with and without references, whose figures answer nothing."""
    said = clause.row or clause.text[leading_condition(clause.text) :]
    return plainly(said) if asked.kind in COUNTED else said


def _unasked(asked: Asked, text: str) -> float:
    """The part, 0..1, of the condition a clause begins with that was not asked about."""
    condition = words_of(text[: leading_condition(text)]).whole
    if not condition:
        return 0.0
    own = Words(frozenset(one.word for one in asked.about), frozenset(beginning(one.word) for one in asked.about))
    return 1 - sum(own.has(word) for word in condition) / len(condition)
