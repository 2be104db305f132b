"""Vectors by the hash of their text, in a file of their own: unchanged text is never embedded again.

Only a cache: deleting the file costs time and nothing else. Kept as 16-bit floats (1 KB for 512 dimensions).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder
from core.write_ahead import write_ahead

_CHUNK = 256  # texts embedded between two commits: what a crash costs
_PARAMETERS = 500


class VectorCache:
    """Embeds through a file of known vectors. One writer; blocking."""

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self._file = file
        self._embedder = embedder
        self._model = f"{embedder.name}\n{embedder.dimension}\n"

    def embed(self, texts: Sequence[str], done: Callable[[int, int], None] | None = None) -> NDArray[np.float32]:
        """One unit-length row a text. `done` hears (texts finished, texts) while new ones are embedded."""
        keys = [self._key(text) for text in texts]
        with closing(self._open()) as connection:
            known = self._known(connection, keys)
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            # Texts of like length go together: the encoder is fastest then.
            order = sorted(missing, key=lambda key: len(missing[key]))
            for start in range(0, len(order), _CHUNK):
                chunk = order[start : start + _CHUNK]
                vectors = self._embedder.embed([missing[key] for key in chunk]).astype(np.float16)
                known.update(zip(chunk, vectors, strict=True))
                rows = [(key, vector.tobytes()) for key, vector in zip(chunk, vectors, strict=True)]
                with connection:
                    connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                if done:
                    done(len(texts) - len(order) + start + len(chunk), len(texts))
        return self._rows(keys, known)

    def _rows(self, keys: Sequence[bytes], known: dict[bytes, NDArray[np.float16]]) -> NDArray[np.float32]:
        rows = np.zeros((len(keys), self._embedder.dimension), dtype=np.float32)
        for index, key in enumerate(keys):
            rows[index] = known[key]
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
        return rows

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._model}{text}".encode()).digest()

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=30)
        write_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        return connection

    def _known(self, connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        known: dict[bytes, NDArray[np.float16]] = {}
        distinct = list(dict.fromkeys(keys))
        size = self._embedder.dimension * 2
        for start in range(0, len(distinct), _PARAMETERS):
            some = distinct[start : start + _PARAMETERS]
            query = f"SELECT key, vector FROM vectors WHERE key IN ({','.join('?' * len(some))})"
            for key, vector in connection.execute(query, some):
                if len(vector) == size:
                    known[key] = np.frombuffer(vector, dtype=np.float16)
        return known
