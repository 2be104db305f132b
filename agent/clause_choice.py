"""Which clauses of one passage answer a question: the nearest one, what belongs to it, and others nearly as near."""

from __future__ import annotations

import re
from collections.abc import Sequence

from policies.clauses import Clause

NEAR = 0.5
"""A further sentence must weigh at least this share of the best one."""
SAME_ROW = 0.93
"""A further row of a table must weigh at least this share of the best row: they all share the names of the columns."""
SENTENCES = 3
ITEMS = 6
"""How much of a list is quoted with what leads it in."""
GAP = 2
"""How many clauses that say less may lie between two that are quoted."""
SHORT = 330
"""A section of at most this many characters is quoted whole."""
CHARACTERS = 900

_BELONGS = re.compile(
    r"^(?:but|however|unless|except|only|if|this does not|that does not|exception|you may not|it does not|in that case|"
    r"maar|echter|tenzij|behalve|alleen|als u|bent u|is er|dit geldt niet|dat geldt niet|uitzondering|in dat geval|"
    r"let op|note)\b",
    re.IGNORECASE,
)


def chosen(clauses: Sequence[Clause], weights: Sequence[float]) -> list[int]:
    """The places of the clauses to quote, in order: one stretch of the passage, so that it reads as it was written.

    Empty when there is nothing but headings.
    """
    if not weights or max(weights) <= 0:
        return []
    if _is_short(clauses):
        return [place for place, clause in enumerate(clauses) if not clause.title]
    best = max(range(len(weights)), key=weights.__getitem__)
    taken = {best, *_list_of(clauses, best), *_limits(clauses, best)}
    nearest = sorted(range(len(weights)), key=lambda index: -weights[index])
    row = max((weights[index] for index, clause in enumerate(clauses) if clause.row), default=0.0)
    further = [
        index for index in nearest if weights[index] >= (SAME_ROW * row if clauses[index].row else NEAR * weights[best])
    ]
    for index in [*further, best + 1]:  # the next sentence goes on with the best one, and is better than none
        if sum(not clauses[place].item or bool(clauses[place].row) for place in taken) >= SENTENCES:
            break
        if index not in taken and index < len(clauses) and _fits(clauses, taken, index):
            taken |= {index, *_list_of(clauses, index)}
    return _short_enough(clauses, _stretch(clauses, taken, best), best)


def _is_short(clauses: Sequence[Clause]) -> bool:
    """A section of a few lines is quoted whole: nothing that limits it can be left out."""
    return sum(len(clause.text) for clause in clauses) <= SHORT and not any(clause.row for clause in clauses)


def _list_of(clauses: Sequence[Clause], index: int) -> set[int]:
    """A list item comes with its lead-in and its neighbours, a lead-in with its list; a sentence by itself."""
    lead = clauses[index].lead if clauses[index].item else index
    items = [place for place, clause in enumerate(clauses) if clause.item and clause.lead == lead]
    if not items:
        return set()
    at = items.index(index) if index in items else 0
    start = 0 if at < ITEMS else min(at - 1, len(items) - ITEMS)
    return {lead, *items[start : start + ITEMS]}


def _stretch(clauses: Sequence[Clause], taken: set[int], best: int) -> list[int]:
    """What lies close around the best clause, with the sentence or two between; what stands far off is left out.

    The lead-in of a long list stays with an item further down, and the row of a table that was meant with its rule.
    """
    kept = {best}
    after = sorted(place for place in taken if place > best)
    before = sorted((place for place in taken if place < best), reverse=True)
    for side in (after, before):
        last = best
        for place in side:
            between = range(min(last, place) + 1, max(last, place))
            if len(between) <= GAP and not any(clauses[index].title for index in between):
                kept |= {place, *between}
                last = place
    lead = clauses[best].lead
    rows = {place for place in taken if clauses[place].row}
    return sorted(kept | rows | ({lead} if clauses[best].item and lead in taken else set()))


def _limits(clauses: Sequence[Clause], index: int) -> set[int]:
    """The sentence that limits this one, behind it, or that this one limits, before it."""
    around: set[int] = set()
    following = index + 1
    if following < len(clauses) and _BELONGS.match(clauses[following].text):
        around.add(following)
    if index > 0 and _BELONGS.match(clauses[index].text) and not clauses[index - 1].title:
        around.add(index - 1)
    return around


def _fits(clauses: Sequence[Clause], taken: set[int], index: int) -> bool:
    """One list is enough, and a lead-in whose list was left out says nothing."""
    there = _list_of(clauses, index)
    if clauses[index].title or (clauses[index].text.endswith(":") and not there):
        return False
    return bool(clauses[index].row) or not (there and any(clauses[place].item for place in taken))


def _short_enough(clauses: Sequence[Clause], places: Sequence[int], best: int) -> list[int]:
    kept: list[int] = []
    length = 0
    for place in places:
        length += len(clauses[place].text)
        if length > CHARACTERS and kept and place > best:
            break
        kept.append(place)
    return kept
