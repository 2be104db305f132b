"""Digits as people group them: how a number is read from its first digit on, and where it ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPACES = " \u00a0\u2007\u2009\u202f"
DASHES = r"\-\u2010\u2011\u2013"
"""For use in a character class."""
MOST_GROUPS = 12

_STEP = re.compile(rf"([{SPACES}{DASHES}./·()]{{0,4}})(\d{{1,20}})(?!\d)")
_HASH = re.compile(r"-[0-9a-f]{4}-[0-9a-f]{4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Digits with separators between. `gaps[i]` stands before `groups[i]`, which ends at `ends[i]` in the text."""

    start: int
    groups: tuple[str, ...]
    ends: tuple[int, ...]
    gaps: tuple[str, ...]

    @property
    def digits(self) -> str:
        """All its digits."""
        return "".join(self.groups)

    def form(self, count: int | None = None) -> tuple[int, ...]:
        """How many digits each of the first groups has."""
        return tuple(len(group) for group in self.groups[:count])

    def until(self, digits: int) -> int | None:
        """How many groups make exactly so many digits; None when none do."""
        total = 0
        for count, group in enumerate(self.groups, start=1):
            total += len(group)
            if total >= digits:
                return count if total == digits else None
        return None

    def longest(self, least: int, most: int) -> int | None:
        """How many groups make as many digits as possible, from `least` to `most`; None when none do."""
        best, total = None, 0
        for count, group in enumerate(self.groups, start=1):
            total += len(group)
            if total > most:
                break
            if total >= least:
                best = count
        return best


def read_cluster(text: str, start: int, first: int) -> Cluster | None:
    """The digits from `first` on; None when there are more in a row than any number has. `start` may be a plus."""
    groups: list[str] = []
    ends: list[int] = []
    gaps: list[str] = []
    position = first
    while len(groups) < MOST_GROUPS and (step := _STEP.match(text, position)):
        if groups and not step.group(1):
            break
        gaps.append(step.group(1))
        groups.append(step.group(2))
        position = step.end()
        ends.append(position)
    return Cluster(start, tuple(groups), tuple(ends), tuple(gaps)) if groups else None


def goes_on(text: str, end: int) -> bool:
    """Whether the number is not over: a letter or digit right behind it, a decimal, or the rest of a UUID."""
    follows = text[end : end + 2]
    if is_hash(text, end):
        return True
    return follows[:1].isalnum() or (len(follows) == 2 and follows[0] in ".,:" and follows[1].isdigit())


def is_hash(text: str, end: int) -> bool:
    """Whether what ends here goes on as a UUID does."""
    return _HASH.match(text, end) is not None
