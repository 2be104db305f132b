"""An embedder that remembers: tests say the same sentences over and over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder


class CachedEmbedder:
    """Wraps an embedder; each text is embedded once a run."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._rows: dict[str, NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if missing:
            self._rows.update(zip(missing, self._inner.embed(missing), strict=True))
        if not texts:
            return self._inner.embed([])
        return np.stack([self._rows[text] for text in texts])
