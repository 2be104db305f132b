"""How much a text is like each situation in `situations/`, learned from their examples (kernel ridge regression).

The likeness of two texts is that of their meaning, squared so that far is nothing, plus a part for the letters they
share, which is what survives a slip of the keyboard. The weights are solved in closed form over all examples at once:
every example also speaks against the situations it is not of.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from agent import letter_grams
from agent.intents import Intent
from agent.meaning import Meaning
from core.own_yaml import load_yaml

LETTERS = 0.4
"""What shared letters count beside shared meaning."""
RIDGE = 0.1
"""How much single examples are trusted: the smaller, the more. Both were set on the development half
(`tests/quality/routing-dev.yaml`) and by leaving each example out in turn."""

KEPT = 2
"""How many sets of tools are remembered as learned: each takes about 20 MB."""

Rows = NDArray[np.float32]
_SIGN = re.compile(r"[^\w'% ]+")


_LEARNED: OrderedDict[tuple[str, tuple[str, ...]], SituationScores] = OrderedDict()
_LOCK, _LEARNING = Lock(), Lock()


class SituationScores:
    """Fitted once, in time that grows with the cube of the examples (2,000: about 0.3 s); read-only after. Blocking."""

    def __init__(self, meaning: Meaning, examples: Mapping[Intent, Sequence[str]]) -> None:
        self.situations = tuple(examples)
        phrases = [plain(phrase) for some in examples.values() for phrase in some]
        self._owners = owners = np.repeat(np.arange(len(examples)), [len(some) for some in examples.values()])
        self._vectors = meaning.vectors(phrases)
        found = letter_grams.counts(phrases)
        self._rarity = letter_grams.rarity(found)
        letters = letter_grams.weighted(found, self._rarity)
        self._by_group = np.ascontiguousarray(letters.T)
        alike = self._likeness(self._vectors @ self._vectors.T, letters)
        truth = np.where(owners[:, None] == np.arange(len(examples)), 1.0, -1.0).astype(np.float32)
        # A situation with few examples must not drown beside one with many.
        weight = 1 / np.sqrt(np.bincount(owners)[owners] / len(owners))
        alike[np.diag_indices_from(alike)] += RIDGE * weight.mean() / weight
        self._weights: Rows = np.linalg.solve(alike, truth).astype(np.float32)

    def of(self, texts: Sequence[str], meaning: Meaning) -> tuple[Rows, Rows]:
        """Two of shape (len(texts), situations): about 1 for what is one of its examples, about -1 for what is not; and
        the cosine with its nearest example: what is far from all of them is none, whatever it is most like.
        """
        phrases = [plain(text) for text in texts]
        letters = letter_grams.weighted(letter_grams.counts(phrases), self._rarity)
        near = meaning.vectors(phrases) @ self._vectors.T
        scores: Rows = self._likeness(near, letters) @ self._weights
        return scores, self._nearest(near)

    def _nearest(self, near: Rows) -> Rows:
        ends = np.flatnonzero(np.diff(self._owners, prepend=-1))
        nearest: Rows = np.maximum.reduceat(near, ends, axis=1)
        return nearest

    def _likeness(self, near: Rows, letters: Rows) -> Rows:
        # A message has some forty letter groups: the rest of the 22 MB need not be read for it.
        there = np.flatnonzero(letters.any(axis=0))
        shared = letters[:, there] @ self._by_group[there]
        alike: Rows = near * np.abs(near) + np.float32(LETTERS) * shared
        return alike


def learned(meaning: Meaning, tool_examples: Sequence[str]) -> SituationScores:
    """What was learned with this embedder and these tools: once a process, and anew when the tools change. Blocking."""
    key = (meaning.name, tuple(tool_examples))
    if (known := _known(key)) is not None:
        return known
    with _LEARNING:  # whoever needs what is known already does not wait for this
        if (known := _known(key)) is not None:
            return known
        written = written_examples()
        ordinary = tuple(dict.fromkeys((*written[Intent.ORDINARY], *tool_examples)))
        scores = SituationScores(meaning, {**written, Intent.ORDINARY: ordinary})
        with _LOCK:
            _LEARNED[key] = scores
            while len(_LEARNED) > KEPT:
                _LEARNED.popitem(last=False)
        return scores


def _known(key: tuple[str, tuple[str, ...]]) -> SituationScores | None:
    with _LOCK:
        if key in _LEARNED:
            _LEARNED.move_to_end(key)
        return _LEARNED.get(key)


def plain(text: str) -> str:
    """Lower case, single spaces, no punctuation: what the examples and a message are compared in."""
    return " ".join(_SIGN.sub(" ", text.lower().replace("’", "'")).split())


@lru_cache(maxsize=1)
def written_examples() -> dict[Intent, tuple[str, ...]]:
    """The examples by situation, as `situations/*.yaml` has them. Raises `ValueError` for a file of no intent."""
    folder = Path(__file__).with_name("situations")
    return {
        Intent(file.stem): tuple(load_yaml(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.yaml"))
    }
