"""What an answer rests on, as stretches: clauses of one passage that follow upon each other are one quotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.ports import Passage
from policies.sentences import sentences

Rest = tuple[int, str]
"""A clause that is rested on: the number of its passage, and its words."""
Places = Mapping[Rest, int]
"""The number that people see behind each clause."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text of one passage without a gap, verbatim but for markup and white space, and the clauses in it."""

    number: int
    quote: str
    clauses: tuple[str, ...]


def stretches(rests: Sequence[Rest], passages: Sequence[Passage]) -> list[Stretch]:
    """In the order in which they are first rested on. Every quote stands in its section as it is."""
    found: list[Stretch] = []
    for number in dict.fromkeys(number for number, _ in rests):
        said = list(dict.fromkeys(clause for of, clause in rests if of == number))
        found += [Stretch(number, " ".join(run), tuple(run)) for run in _runs(said, passages[number - 1].text)]
    order = {rest: place for place, rest in reversed(list(enumerate(rests)))}
    return sorted(found, key=lambda one: min(order[one.number, clause] for clause in one.clauses))


def places_of(rests: Sequence[Rest], passages: Sequence[Passage]) -> Places:
    """1 for the first stretch that is named, and so on."""
    return {
        (one.number, clause): place
        for place, one in enumerate(stretches(rests, passages), start=1)
        for clause in one.clauses
    }


def _runs(said: Sequence[str], text: str) -> list[list[str]]:
    whole = " ".join(" ".join(sentences(text)).split())
    runs: list[list[str]] = []
    for clause in sorted(said, key=whole.find):
        if runs and f"{runs[-1][-1]} {clause}" in whole:
            runs[-1].append(clause)
        else:
            runs.append([clause])
    return runs
