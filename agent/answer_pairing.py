"""Which part of a clause each part of a said sentence speaks of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.answer_figures import matches
from agent.answer_meaning import Keys
from agent.answer_reading import Part, Reading
from agent.answer_sources import Clause


@dataclass(frozen=True, slots=True)
class Match:
    """What is said against one clause. `also` are the keys of other sentences that stand beside it in the answer;
    `passage` is the passage's whole text, lower case."""

    said: Reading
    clause: Clause
    same_language: bool
    also: Keys
    passage: str

    @property
    def written(self) -> Reading:
        """The clause's own reading."""
        return self.clause.reading


def pairs(match: Match) -> list[tuple[Part, Part]]:
    """Each said part that tells something, with the clause's part that is likest."""
    found = []
    for part in match.said.parts:
        likeness = [(alike(part, other), index) for index, other in enumerate(match.written.parts)]
        best = max(likeness, default=(0.0, 0), key=lambda pair: (pair[0], -pair[1]))
        if best[0] > 0:
            found.append((part, match.written.parts[best[1]]))
    return found


def matched(match: Match) -> list[Part]:
    """The parts of the clause that what is said speaks of."""
    likest = [other for _, other in pairs(match)]
    found = [
        part
        for part in match.written.parts
        if any(part is other for other in likest) or _counts(part, likest, match.said)
    ]
    groups = {part.group for part in found}
    return found + [part for part in match.written.parts if not part.telling and part.group in groups]


def _counts(part: Part, likest: list[Part], said: Reading) -> bool:
    """Whether a part is spoken of beside the likest ones. One word alone shows it only if no other part has it."""
    if not part.telling or not _is_spoken_of(part, said):
        return False
    elsewhere = frozenset[str]().union(*(word.keys for other in likest for word in other.words))
    return part.telling > 1 or not any(word.keys & elsewhere for word in part.words)


def _is_spoken_of(part: Part, said: Reading) -> bool:
    """Whether half of a part's words and figures are said, or two of its words."""
    met = sum(bool(word.keys & said.told) for word in part.words)
    with_figures = met + sum(matches(figure, said.figures) for figure in part.figures)
    return 2 * with_figures >= part.telling or (met > 1 and 5 * with_figures >= 2 * part.telling)


def alike(one: Part, other: Part) -> float:
    """How much two parts have in common, 0 to about 1.5: figures count for more than words."""
    if not one.telling or not other.telling:
        return 0.0
    met = float(sum(any(word.keys & another.keys for another in other.words) for word in one.words))
    met += 1.5 * sum(matches(figure, other.figures) for figure in one.figures)
    return met / math.sqrt(one.telling * other.telling) + (0.1 if met and one.conditional == other.conditional else 0.0)
