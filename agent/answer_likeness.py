"""How much of a said sentence a clause has: the share of its telling words, and what is left over.

Likeness is necessary: a sentence that brings much of its own rests on nothing. It is never enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.answer_figures import matches
from agent.answer_meaning import Keys, Word
from agent.answer_reading import Reading
from agent.answer_sources import Clause

ENOUGH = 0.65
"""Share of a sentence's telling words that its clause must have."""
NEARBY = 0.5
"""What a word counts that stands in the heading."""
ELSEWHERE = 0.25
"""What a word counts that stands elsewhere in the passage."""
UNKNOWN = 0.35
"""What a word counts across languages that the word list does not know: nobody can say whether the clause has it."""
SPREAD = 0.75
"""The same where the sentence rests on several clauses, of which each part must have one to itself."""
RUN = 2
"""So many words one after the other that the passage has not are an invention."""


@dataclass(frozen=True, slots=True)
class Cover:
    """How well a clause covers a sentence (`rank` for ordering, `share` of its words), and why not enough, if so."""

    rank: float
    share: float
    problem: str


def cover(said: Reading, clause: Clause, passage: Keys, same_language: bool) -> Cover:
    """Hold the words of `said` against `clause`; `passage` are the keys of the whole passage around it."""
    values = [_value(word, clause, passage, same_language) for word in said.words]
    figures = [1.0 if matches(figure, clause.figures) else 0.0 for figure in said.figures]
    share = sum(values) / len(values) if values else 1.0
    rank = (sum(values) + sum(figures)) / max(1, len(values) + len(figures)) - 0.004 * clause.length
    if share < (SPREAD if len(clause.members) > 1 else ENOUGH) or (clause.in_table and not any(figures)):
        return Cover(rank, share, "too little of it is in the source")
    if len(clause.members) > 1 and (spread := _spread(said, clause)):
        return Cover(rank - 0.1, share, f"put together of several clauses: {spread}")
    if strange := _run(said, values):
        return Cover(rank - 0.2, share, f"not in the source: {strange}")
    return Cover(rank, share, "")


def _value(word: Word, clause: Clause, passage: Keys, same_language: bool) -> float:
    if word.keys & clause.keys:
        return 1.0
    if word.keys & clause.around.keys:
        return NEARBY
    if word.keys & passage:
        return ELSEWHERE
    return UNKNOWN if not same_language and not word.known else 0.0


def _spread(said: Reading, clause: Clause) -> str:
    """A part of the sentence whose words stand in several clauses, and no clause has half of them."""
    for part in said.parts:
        shares = [
            sum(bool(word.keys & (member.keys | clause.around.keys)) for word in part.words) / len(part.words)
            for member in clause.members
            if len(part.words) > 1
        ]
        if shares and max(shares) < (0.6 if len(part.words) > 2 else 0.5):
            return part.text.strip()[:60]
    return ""


def _run(said: Reading, values: list[float]) -> str:
    """Words one after the other that are nowhere in the passage."""
    run: list[str] = []
    for word, value in zip(said.words, values, strict=True):
        run = [*run, word.text] if value in {0.0, UNKNOWN} else []
        if len(run) >= RUN:
            return " ".join(run)
    return ""
