"""A library on a temporary folder, with an embedder that needs no model: words hashed to directions."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import policies.tables  # noqa: F401 - the tables must be known before they are made
from policies.library import Library
from policies.settings import PolicySettings
from storage import Database, metadata

ALL = frozenset({"all-staff"})


@cache
def _direction(word: str, dimension: int) -> NDArray[np.float32]:
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(dimension).astype(np.float32)


class HashingEmbedder:
    """Texts that share words are near; the same text is always the same vector."""

    def __init__(self, name: str = "hashing/1", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for number, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                rows[number] += _direction(word, self.dimension)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6))
        return rows


class Room:
    """A folder `handbook` to write documents in, and the library that reads it."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        self.folder = home / "handbook"
        self.folder.mkdir(exist_ok=True)
        self.embedder = HashingEmbedder()
        self.settings = PolicySettings.model_validate(settings)
        self.database = Database(f"sqlite:///{home}/loket.db")
        metadata.create_all(self.database.engine)
        self.library = self.another()

    def another(self, embedder: HashingEmbedder | None = None) -> Library:
        """A second library on the same folder and database."""
        return Library(self.database, self.home / "index", embedder or self.embedder, self.settings)

    def library_with(self, settings: PolicySettings, home: Path | None = None) -> Library:
        """A library on the same database with other settings, and in a home of its own if one is given."""
        return Library(self.database, (home or self.home) / "index", self.embedder, settings)

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    async def headings(self, query: str, groups: frozenset[str] = ALL, k: int = 5) -> list[tuple[str, str]]:
        return [(found.path, found.heading) for found in await self.library.search(query, groups, k)]


@contextmanager
def room(home: Path, **settings: object) -> Iterator[Room]:
    """An open room; closed at the end."""
    opened = Room(home, **settings)
    try:
        yield opened
    finally:
        opened.library.close()
        opened.database.close()
