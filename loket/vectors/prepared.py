"""Vectors of the product's own phrases, made once at set-up: some thousands that every new home would embed anew.

Situations, routing examples and tool examples are the same in every installation. `make setup` embeds them
(`python -m loket.prepare`, about 20 s) into a file beside the packages; without it the first start takes that long.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder

Rows = NDArray[np.float32]


def prepared_file() -> Path:
    """Where they lie: in the environment that Loket is installed in."""
    return Path(sys.prefix) / "share" / "loket" / "phrases.npz"


class PreparedEmbedder:
    """Looks a text up before it is embedded. A file that is missing, broken or of another model costs time, no more."""

    def __init__(self, inner: Embedder, file: Path) -> None:
        self._inner = inner
        self._file = file
        self._lock = Lock()
        self._known: dict[str, int] | None = None
        self._rows: NDArray[np.float16] = np.zeros((0, 0), dtype=np.float16)

    @property
    def name(self) -> str:
        """The wrapped embedder's."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """The wrapped embedder's."""
        return self._inner.dimension

    def knows(self, text: str) -> bool:
        """Whether the file has it."""
        return text in self._index()

    def embed(self, texts: Sequence[str]) -> Rows:
        """One row a text, from the file where it is known."""
        known = self._index()
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if len(missing) == len(set(texts)):
            return self._inner.embed(texts)
        fresh = dict(zip(missing, self._inner.embed(missing), strict=True)) if missing else {}
        rows = np.stack([fresh[text] if text in fresh else self._rows[known[text]] for text in texts])
        found: Rows = rows.astype(np.float32)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))
        return found

    def _index(self) -> dict[str, int]:
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return self._known

    def _read(self) -> dict[str, int]:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                if str(stored["name"]) != self._inner.name:
                    return {}
                texts = bytes(stored["texts"]).decode("utf-8").split("\n")
                self._rows = stored["rows"]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return {}
        return {text: place for place, text in enumerate(texts)} if len(texts) == len(self._rows) else {}


def write(file: Path, name: str, texts: Sequence[str], rows: Rows) -> None:
    """Put the vectors of these texts into the file, in one step. Texts hold no line breaks."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new.npz")
    joined = np.frombuffer("\n".join(texts).encode("utf-8"), dtype=np.uint8)
    np.savez(draft, name=np.array(name), texts=joined, rows=rows.astype(np.float16))
    draft.replace(file)
