"""An embedder that keeps the vectors of the tools' examples on disk: a cold start would spend seconds on them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder
from loket.vectors.prepared import PreparedEmbedder

_keeping: ContextVar[bool] = ContextVar("loket_keeping_vectors", default=False)


class RememberingEmbedder:
    """Wraps an embedder. Only what is embedded inside `remembering()` is kept: never what people write.

    The file is a cache; without it, or with one of another model, everything is embedded anew.
    """

    def __init__(self, inner: Embedder, file: Path) -> None:
        self._inner = inner
        self._file = file
        self._lock = Lock()
        self._known: dict[str, NDArray[np.float32]] | None = None
        self._fresh: set[str] = set()

    @property
    def name(self) -> str:
        """The wrapped embedder's."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """The wrapped embedder's."""
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, from the file where it is known."""
        with self._lock:
            self._known = known = self._read() if self._known is None else self._known
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if not missing and texts:
            return np.stack([known[text] for text in texts])
        rows = dict(zip(missing, self._inner.embed(missing), strict=True))
        if _keeping.get():
            with self._lock:
                known.update(rows)
                self._fresh.update(text for text in missing if not self._prepared(text))
        found = [rows[text] if text in rows else known[text] for text in texts]
        return np.stack(found) if found else self._inner.embed([])

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Keep what this context embeds, and write it down at the end."""
        token = _keeping.set(True)
        try:
            yield
        finally:
            _keeping.reset(token)
            self._write()

    def _prepared(self, text: str) -> bool:
        """Whether the wrapped embedder has it in a file of its own."""
        return isinstance(self._inner, PreparedEmbedder) and self._inner.knows(text)

    def _read(self) -> dict[str, NDArray[np.float32]]:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                if str(stored["name"]) != self._inner.name:
                    return {}
                return dict(zip(stored["texts"].tolist(), stored["rows"], strict=True))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return {}

    def _write(self) -> None:
        with self._lock:
            if not self._fresh or not self._known:
                return
            kept = {text: row for text, row in self._known.items() if not self._prepared(text)}
            texts, rows = list(kept), np.stack(list(kept.values()))
            self._fresh.clear()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new.npz")
        np.savez(draft, name=np.array(self._inner.name), texts=np.array(texts), rows=rows)
        draft.replace(self._file)
