"""Texts that mean nearly the same, put together: each group is a text in the middle and all that lie close to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def groups(vectors: NDArray[np.float32], closeness: float) -> list[list[int]]:
    """Rows (unit length, one a text) as groups of their numbers, largest first; the middle comes first in each.

    The row with the most rows at least `closeness` (cosine) away from it in meaning is the middle of the first group
    and takes them along; so on with what is left, until nothing is. So everything in a group is close to its middle,
    which is its most typical text: chains in which the ends have nothing in common (single linkage) cannot arise, the
    number of groups need not be known, and the same texts always give the same groups. Costs memory and time of
    n x n numbers: 2,000 texts are 16 MB.
    """
    count = len(vectors)
    if not count:
        return []
    similar = vectors @ vectors.T
    near = similar >= closeness
    np.fill_diagonal(near, val=True)
    left = np.ones(count, dtype=bool)
    found: list[list[int]] = []
    while left.any():
        sizes = (near & left).sum(axis=1) * left
        most = np.flatnonzero(sizes == sizes.max())
        middle = _middle(most, similar, near, left)
        members = [int(row) for row in np.flatnonzero(near[middle] & left)]
        members.sort(key=lambda row: (row != middle, -similar[middle, row], row))
        found.append(members)
        left[members] = False
    return found


def _middle(
    candidates: NDArray[np.intp], similar: NDArray[np.float32], near: NDArray[np.bool_], left: NDArray[np.bool_]
) -> int:
    """Of several with equally many neighbours, the one that is nearest to its own; the first of equals."""
    closeness: Sequence[float] = [float(similar[row][near[row] & left].sum()) for row in candidates]
    return int(candidates[int(np.argmax(np.round(closeness, 6)))])
