"""A yes or a no that says which draft it is for: "yes, 3f2a9c1e". It means that one and no other, whenever it comes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.cards import short_id
from actions.records import Action

_NAMED = re.compile(r"^\W*(?:(?P<yes>yes|ja)|no|nee)[\s,:]+#?(?P<name>[0-9a-f]{8})\W*$", re.IGNORECASE)


def names_draft(text: str) -> bool:
    """Whether the message is such a yes or no."""
    return _NAMED.match(text) is not None


def says_yes(text: str) -> bool:
    """Which of the two it is."""
    named = _NAMED.match(text)
    return named is not None and named["yes"] is not None


def the_named(text: str, drafts: Sequence[Action]) -> list[Action]:
    """The drafts that the message names: one, or none when it is not open any more."""
    named = _NAMED.match(text)
    return [draft for draft in drafts if named and short_id(draft.action_id) == named["name"].lower()]
