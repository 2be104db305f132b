"""What can be wrong with the figures of a said sentence: another value, unit, limit or rate, or in another place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.answer_figures import Figure, matches
from agent.answer_meaning import Keys
from agent.answer_pairing import Match
from agent.answer_reading import Part, Reading
from agent.answer_words import limits_agree, rates, written

SWAPPED = 1.25
"""How much better a figure must fit the words around another figure of the clause to count as swapped."""
NEAR = 60
"""Characters around a figure in which its words are looked for."""


def strange_figure(match: Match) -> str:
    """A number, date, amount or address that the clause does not have, or has with another limit."""
    for figure in match.said.figures:
        if is_pronoun(figure):
            continue
        known = match.written.figures if figure.kind != "at" else (*match.written.figures, *match.clause.around.figures)
        same = [other for other in known if matches(figure, [other])]
        if not same and not _in_words(figure, match):
            return f"figure not in the clause: {figure}"
        exact = figure.kind in {"date", "clock"}
        if same and not match.clause.in_table and not any(limits_agree(figure.limits, o.limits, exact) for o in same):
            return f"another limit: {figure}"
        if same and not any(_rates_agree(figure, other, match) for other in same):
            return f"counted over another time: {figure}"
    said, clause = rates(match.said.text), rates(match.written.text) | rates(match.clause.around.text)
    every = {figure.unit for figure in match.written.figures}
    if (match.said.figures and clause and said - clause) or (said - clause) & every:
        return "counted over another time"
    return ""


def swapped_figure(match: Match) -> str:
    """A figure that stands with the words of another figure."""
    for figure in match.said.figures:
        rivals = [
            o
            for o in match.written.figures
            if o.unit == figure.unit and o.kind == figure.kind and o.value != figure.value
        ]
        own = [other for other in match.written.figures if matches(figure, [other])]
        if not rivals or not own or figure.kind == "at":
            continue
        near = _near(match.said, figure, False)
        table = match.clause.in_table
        best = max(_fit(near, _near(match.written, other, table)) for other in own)
        enough = best + 0.05 if table else best * SWAPPED + 0.1
        if max(_fit(near, _near(match.written, rival, table)) for rival in rivals) > enough:
            return f"figure stands with other words: {figure}"
        if not table and _in_other_part(match, figure, rivals):
            return f"figure of another part: {figure}"
    return ""


def _in_other_part(match: Match, figure: Figure, rivals: Sequence[Figure]) -> bool:
    """Whether the words and figures of the figure's own part stand in the clause with a rival instead."""
    part = next((part for part in match.said.parts if figure in part.figures), None)
    if part is None or part.telling < 2 or figure.limits & {"from", "until"}:
        return False
    own = [_shared(part, other) for other in match.written.parts if matches(figure, other.figures)]
    others = [_shared(part, other) for other in match.written.parts if any(rival in other.figures for rival in rivals)]
    others = [count for count in others if count not in own] or [0]
    return bool(own) and max(others) > max(own)


def _shared(one: Part, other: Part) -> int:
    met = sum(any(word.keys & another.keys for another in other.words) for word in one.words)
    return met + sum(matches(figure, other.figures) for figure in one.figures) - 1


def _rates_agree(said: Figure, written: Figure, match: Match) -> bool:
    """The same per day, week, month or year; what stands elsewhere in the sentence counts for a figure without one."""
    if said.rate and written.rate:
        return said.rate == written.rate
    if said.rate:
        return said.rate in rates(match.written.text) | rates(match.clause.around.text)
    return not written.rate or written.rate in rates(match.said.text)


def _in_words(figure: Figure, match: Match) -> bool:
    """ "A year" for one year, "in full" for 100%."""
    text = match.written.text.lower()
    if figure.value == "1" and figure.unit:
        named = re.findall(r"\b(?:an?|een|per|each|every|elke?)\s+(?:\w+\s+)?(\w+)", text)
        return any(written("units").get(word) == figure.unit for word in named)
    return figure.value == "100" and figure.unit == "percent" and re.search(r"\bfull\w*|\bvolledig", text) is not None


def _near(reading: Reading, figure: Figure, own_part: bool) -> list[tuple[float, Keys]]:
    """The words and figures around a figure, the nearest weighing most; with `own_part` those of its cell alone."""
    words = reading.words
    if own_part:
        words = next((part.words for part in reading.parts if figure in part.figures), ())
        return [(1.0, word.keys) for word in words]
    around = [(abs(word.at - figure.at), word.keys) for word in words]
    around += [
        (abs(other.at - figure.at), frozenset({f"figure {other.value}"}))
        for other in reading.figures
        if other is not figure and other.unit != figure.unit
    ]
    ordered = sorted((place for place in around if place[0] <= NEAR), key=lambda place: place[0])
    return [(1 / (1 + rank / 2), keys) for rank, (_, keys) in enumerate(ordered[:8])]


def _fit(near: Sequence[tuple[float, Keys]], others: Sequence[tuple[float, Keys]]) -> float:
    return sum(
        max((min(weight, other) for other, other_keys in others if keys & other_keys), default=0.0)
        for weight, keys in near
    )


def is_pronoun(figure: Figure) -> bool:
    """ "One" of them, or "one" adviser: too often a word rather than a figure."""
    return figure.kind == "number" and figure.value == "1" and not figure.unit
