"""Which of a few fixed values a text means: by its name, or by what the value is about."""

from __future__ import annotations

import re

from agent.meaning import Meaning
from agent.shapes import Shape
from agent.word_lists import words

CLEARLY = 0.5
"""From this likeness on a value is taken in place of the default."""
LIKE = 0.6
"""From this likeness on a few words ("the building people") name a value."""


class EnumValues:
    """By meaning, with the phrases that the tool gives for each value (`x-values`). Blocking."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def value(self, shape: Shape, text: str, *, needed: bool) -> str | None:
        """The value whose own words, or whose part of the description, mean most nearly what was said. Of bare names
        ("The Hague", "Utrecht") the nearest is a guess: unless it is near, the person is asked."""
        values = [value for value in shape["enum"] if isinstance(value, str)]
        if not values:
            return None
        if said := _said(values, text):
            return said
        likeness = [self._nearness(text, value, shape) for value in values]
        best = max(range(len(values)), key=likeness.__getitem__)
        if needed and (likeness[best] >= LIKE or _tells(values, shape)):
            return values[best]
        if not needed and ("default" in shape and likeness[best] > CLEARLY and values[best] != shape["default"]):
            return values[best]
        return None

    def chosen(self, shape: Shape, text: str, *, whole: bool) -> str | None:
        """Of a form's field: the only value of which a phrase stands in the text, and (`whole`: the text answers just
        this question) else the one it is like. What a form does not hear it asks: it never takes the nearest."""
        values = [value for value in shape["enum"] if isinstance(value, str)]
        phrases = {value: (value, *shape.get("x-values", {}).get(value, ())) for value in values}
        said = [value for value, known in phrases.items() if any(_stands_in(phrase, text) for phrase in known)]
        if len(said) == 1:
            return said[0]
        return self.named(shape, text) if whole and not said else None

    def named(self, shape: Shape, text: str) -> str | None:
        """The value that a correction names; None when it speaks of something else."""
        values = [value for value in shape["enum"] if isinstance(value, str)]
        if said := _said(values, text):
            return said
        likeness = {value: self._nearness(text, value, shape) for value in values}
        best = max(likeness, key=likeness.__getitem__, default=None)
        return best if best is not None and likeness[best] >= LIKE else None

    def _nearness(self, text: str, value: str, shape: Shape) -> float:
        """How near the text is to what a value is about: its examples where the tool gives any."""
        phrases = shape.get("x-values", {}).get(value) or [_described(value, shape.get("description", ""))]
        return float(self._meaning.likeness(text.lower(), [phrase.lower() for phrase in phrases]).max())


def _tells(values: list[str], shape: Shape) -> bool:
    """Does the tool say what its values are about?"""
    return bool(shape.get("x-values")) or any(
        _described(one, shape.get("description", "")) != one.lower() for one in values
    )


def _stands_in(phrase: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def _said(values: list[str], text: str) -> str | None:
    """The only value that stands in the text: as written, else in any case unless it is an everyday word ("it")."""
    exact = [value for value in values if re.search(rf"\b{re.escape(value)}\b", text)]
    if len(exact) == 1:
        return exact[0]
    loose = [
        value
        for value in values
        if value.lower() not in words("not_telling") and re.search(rf"\b{re.escape(value)}\b", text, re.IGNORECASE)
    ]
    return loose[0] if len(loose) == 1 and not exact else None


def _described(value: str, description: str) -> str:
    """The words of the description that belong to one value: "IT for computers and accounts, HR for …"."""
    match = re.search(
        rf"(?:^|[,;.] )\W*{re.escape(value)}\W+(?:for|voor|to|:)\s+(.+?)(?=, (?:and )?[A-Z]{{2,}} (?:for|voor)|[.;]|$)",
        description,
    )
    return (match[1] if match else value).lower()
