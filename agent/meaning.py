"""Vectors of short texts, kept: the same example or clause is embedded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder

KEPT = 20_000
"""How many vectors are kept (512 numbers of 4 bytes: about 40 MB)."""


class Meaning:
    """Likeness of texts by their vectors. May be used from several threads; blocking."""

    def __init__(self, embedder: Embedder, kept: int = KEPT) -> None:
        self._embedder = embedder
        self._kept = kept
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The embedder's: vectors of one are useless with another."""
        return self._embedder.name

    def likeness(self, text: str, others: Sequence[str]) -> NDArray[np.float32]:
        """The cosine of `text` with each of `others`, in -1..1."""
        if not others:
            return np.zeros(0, dtype=np.float32)
        vectors = self.vectors([text, *others])
        likeness: NDArray[np.float32] = vectors[1:] @ vectors[0]
        return likeness

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._embedder.embed(missing), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])
