"""Embeds the product's own phrases once, at set-up: `python -m loket.prepare`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from connectors.models.sentence_encoder import SentenceEncoder
from core.ports import Embedder
from loket.bootstrap import build
from loket.settings import Settings
from loket.vectors.prepared import Rows, prepared_file, write
from policies.concepts import concepts


class _Noting:
    """An embedder that notes what it is asked."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.rows: dict[str, Rows] = {}

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> Rows:
        found = self._inner.embed(texts)
        self.rows.update((text, row) for text, row in zip(texts, found, strict=True) if "\n" not in text)
        return found


async def prepare(file: Path) -> int:
    """Write the file; returns how many phrases it holds. What `warm` asks for is what a start would wait for."""
    import numpy as np

    noting = _Noting(SentenceEncoder(threads=2))
    noting.embed([text for concept in concepts() for text in concept.said])
    with tempfile.TemporaryDirectory(prefix="loket-prepare-") as home:
        counter = build(Settings(home=Path(home), engine="inline", _env_file=None), embedder=noting)  # type: ignore[call-arg]
        await counter.open()
        await counter.warm()
        await counter.close()
    texts = sorted(noting.rows)
    write(file, noting.name, texts, np.stack([noting.rows[text] for text in texts]))
    return len(texts)


if __name__ == "__main__":
    prepared = asyncio.run(prepare(prepared_file()))
    print(f"Prepared {prepared} phrases.")  # noqa: T201 - a line for whoever sets up
