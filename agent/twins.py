"""The same clause in the reader's language: two texts of one rule have the same numbers and mean the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.data_text import Shown
from agent.meaning import Meaning

ALIKE = 0.64
"""The cosine from which two sections with the same number are one rule in two languages: translations have .65 to .95,
other sections that happen to have one number hardly .6."""
READ = 400
"""How many characters of each are compared."""
_NUMBER = re.compile(r"^(?:(?:article|artikel|art\.|clause|section|§)\s*)?(\d+(?:\.\d+)*[a-z]?)\b", re.IGNORECASE)


def twin_of(passage: Shown, passages: Sequence[Shown], language: str, meaning: Meaning) -> Shown | None:
    """The section in `language` that says what a section in another language says; None when none of these does."""
    if passage.language == language:
        return None
    same = [
        one
        for one in passages
        if one.language == language
        and one.status == passage.status
        and _number(one.heading)
        and _number(one.heading) == _number(passage.heading)
    ]
    if not same:
        return None
    near = meaning.likeness(_gist(passage), [_gist(one) for one in same])
    best = int(near.argmax())
    return same[best] if near[best] >= ALIKE else None


def _number(heading: str) -> str:
    found = _NUMBER.match(heading)
    return found[1] if found else ""


def _gist(passage: Shown) -> str:
    return f"{passage.title} {passage.heading} {passage.text}"[:READ]
