"""What somebody probably meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LIKE = 0.6
"""How alike two names must be: one letter of three, a few of a dozen."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, to stand behind an error; empty where nothing is like it."""
    found = get_close_matches(word.casefold(), list(known), 1, LIKE)
    return f" Did you mean {found[0]!r}?" if found else ""
