"""The same clause in the reader's language: two texts of one rule have the same numbers and mean the same."""

from __future__ import annotations

from collections.abc import Sequence

from agent.data_text import Shown
from agent.meaning import Meaning
from policies.twins import ALIKE, gist, number_of


def twin_of(passage: Shown, passages: Sequence[Shown], language: str, meaning: Meaning) -> Shown | None:
    """The section in `language` that says what a section in another language says; None when none of these does."""
    if passage.language == language:
        return None
    same = [
        one
        for one in passages
        if one.language == language
        and one.status == passage.status
        and number_of(one.heading)
        and number_of(one.heading) == number_of(passage.heading)
    ]
    if not same:
        return None
    near = meaning.likeness(_gist(passage), [_gist(one) for one in same])
    best = int(near.argmax())
    return same[best] if near[best] >= ALIKE else None


def _gist(passage: Shown) -> str:
    return gist(passage.title, passage.heading, passage.text)
