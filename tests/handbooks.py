"""Home folders for tests: an empty one gets a copy of a handbook that was indexed once this run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from loket.bootstrap import build
from loket.settings import Settings
from tests.cached_embedder import CachedEmbedder

SAMPLES = Path(__file__).parents[1] / "policies" / "samples"
SMALL_HANDBOOK = (
    "leave-2026.md",
    "verlof-2026.md",
    "passwords-mfa.md",
    "working-from-home-2026.md",
    "lost-device.md",
    "performance-guide-managers.md",
)
Documents = Path | Iterable[str] | Mapping[str, str]
"""A folder, names of sample documents, or {path: Markdown}."""


@lru_cache(maxsize=1)
def embedder() -> CachedEmbedder:
    """One for the whole run: the weights take a second to load, and tests repeat the same sentences."""
    from connectors.models.sentence_encoder import SentenceEncoder

    return CachedEmbedder(SentenceEncoder())


async def prepare(folder: Path, documents: Documents, database_url: str) -> None:
    """An empty home gets the handbook; on SQLite a copy of one that was indexed before."""
    if (folder / "loket.sqlite").exists():
        return
    sources = _sources(documents)
    if database_url or not sources:
        await _index(folder, sources, database_url)
        return
    made = _TEMPLATES.get(tuple(sorted(sources.items())))
    if made is None:
        made = Path(tempfile.mkdtemp(prefix="loket-template-")) / "home"
        await _index(made, sources, "")
        _TEMPLATES[tuple(sorted(sources.items()))] = made
    shutil.copytree(made, folder, dirs_exist_ok=True)


_TEMPLATES: dict[tuple[tuple[str, str], ...], Path] = {}


async def _index(folder: Path, sources: Mapping[str, str], database_url: str) -> None:
    counter = build(Settings(home=folder, database_url=database_url, _env_file=None), embedder=embedder())
    await counter.open()
    if sources:
        write_documents(folder / "documents", sources)
        await counter.library.ingest(folder / "documents", "handbook")
    await counter.close()


def _sources(documents: Documents) -> dict[str, str]:
    if isinstance(documents, Mapping):
        return dict(documents)
    if isinstance(documents, Path):
        return {str(file.relative_to(documents)): file.read_text() for file in documents.rglob("*") if file.is_file()}
    return {name: (SAMPLES / name).read_text(encoding="utf-8") for name in documents}


def write_documents(folder: Path, documents: Mapping[str, str]) -> None:
    """Write {path: text} below a folder."""
    for path, text in documents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
