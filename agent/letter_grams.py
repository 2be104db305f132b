"""Texts as counts of letter groups, so that "pasword" is like "password" and "wachtwoordreset" like "wachtwoord"."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 2048
"""Letter groups share this many places; that two of them meet by chance does no harm at this size."""
SHORTEST, LONGEST = 3, 5
READ = 1_000
"""How many characters are looked at: a wish is said in the first lines."""
_WORD = re.compile(r"\w+")


def counts(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row a text, shape (len(texts), 2048): the logarithm of one plus how often each group of letters is there."""
    rows = np.zeros((len(texts), SIZE), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in _WORD.findall(text[:READ].lower()):
            padded = f" {word[:40]} ".encode("utf-8", "replace")
            for size in range(SHORTEST, LONGEST + 1):
                for start in range(len(padded) - size + 1):
                    row[zlib.crc32(padded[start : start + size]) % SIZE] += 1
    return np.log1p(rows)


def rarity(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """How telling each group is: rare ones among `rows` weigh more (inverse document frequency)."""
    seen = (rows > 0).sum(axis=0)
    weights: NDArray[np.float32] = (np.log((1 + len(rows)) / (1 + seen)) + 1).astype(np.float32)
    return weights


def weighted(rows: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at unit length, so that their dot product is their likeness in 0..1."""
    scaled = rows * weights
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit: NDArray[np.float32] = scaled / np.maximum(lengths, np.float32(1e-9))
    return unit
