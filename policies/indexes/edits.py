"""How many slips of the hand one word is from another: a letter more, less, other, or two turned round.

Written here because the packages for it cost more than they save: see docs/dependencies.md.
"""

from __future__ import annotations


def distance(one: str, other: str, most: int) -> int:
    """The optimal string alignment distance; `most + 1` when it is more than `most`.

    Damerau-Levenshtein without edits inside a turned pair. Only the cells within `most` of the diagonal are looked at.
    """
    over = most + 1
    if abs(len(one) - len(other)) > most:
        return over
    before_last: list[int] = []
    last = [min(at, over) for at in range(len(other) + 1)]
    for row, letter in enumerate(one, start=1):
        here = [min(row, over), *([over] * len(other))]
        for at in range(max(1, row - most), min(len(other), row + most) + 1):
            least = min(last[at] + 1, here[at - 1] + 1, last[at - 1] + (letter != other[at - 1]))
            if row > 1 and at > 1 and letter == other[at - 2] and one[row - 2] == other[at - 1]:
                least = min(least, before_last[at - 2] + 1)
            here[at] = min(least, over)
        if min(here) >= over:
            return over
        before_last, last = last, here
    return last[-1]
