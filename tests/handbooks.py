"""Home folders for tests: an empty one gets a copy of a home that was made before, with its handbook indexed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from loket.bench.servers.databases import copy_template, is_untouched, keep_as_template
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
    from loket.vectors.prepared import PreparedEmbedder, prepared_file

    return CachedEmbedder(PreparedEmbedder(SentenceEncoder(), prepared_file()))


async def prepare(folder: Path, documents: Documents, database_url: str) -> None:
    """An empty home gets the handbook: a copy of one that was made before, on SQLite by whichever process."""
    if (folder / "loket.sqlite").exists():
        return
    sources = _sources(documents)
    name = hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()[:16]
    if database_url:
        await _prepare_server(folder, sources, database_url, name)
        return
    made = _templates() / name
    if not made.exists():
        making = Path(tempfile.mkdtemp(prefix="making-", dir=made.parent))
        await _index(making, sources, "")
        with contextlib.suppress(OSError):  # another process was a moment faster
            await asyncio.to_thread(making.rename, made)
        shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(made, folder, dirs_exist_ok=True)


async def _prepare_server(folder: Path, sources: Mapping[str, str], database_url: str, name: str) -> None:
    """The same on Postgres, by this process: its server goes with the session. What is begun is gone on with."""
    if not database_url.startswith("postgresql") or (folder / "index").exists() or not is_untouched(database_url):
        await _index(folder, sources, database_url)
        return
    made = _templates() / f"{name}-{os.getpid()}"
    if not made.exists():
        making = Path(tempfile.mkdtemp(prefix="making-", dir=made.parent))
        await _index(making, sources, database_url)
        keep_as_template(database_url, f"template_{name}")
        await asyncio.to_thread(making.rename, made)
    copy_template(database_url, f"template_{name}")
    shutil.copytree(made, folder, dirs_exist_ok=True)


@lru_cache(maxsize=1)
def _templates() -> Path:
    """Where such homes lie: a folder for this code on this day (the world has yesterdays); those of before go."""
    root = Path(__file__).parents[1]
    packages = ("core", "storage", "connectors", "policies", "tools", "actions", "agent", "loket")
    files = sorted(
        file for package in packages for file in (root / package).rglob("*") if file.suffix in {".py", ".yaml"}
    )
    code = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    parent = Path(tempfile.gettempdir()) / f"loket-templates-{os.getuid()}"
    parent.mkdir(mode=0o700, exist_ok=True)
    now = datetime.now(UTC)
    for old in parent.iterdir():
        if datetime.fromtimestamp(old.stat().st_mtime, UTC) < now - timedelta(hours=12):
            shutil.rmtree(old, ignore_errors=True)
    folder = parent / f"{now.date()}-{code}"
    folder.mkdir(exist_ok=True)
    return folder


async def _index(folder: Path, sources: Mapping[str, str], database_url: str) -> None:
    counter = build(Settings(home=folder, database_url=database_url, _env_file=None), embedder=embedder())
    await counter.open()
    if sources:
        write_documents(folder / "documents", sources)
        await counter.library.ingest(folder / "documents", "handbook")
    with counter.examples.remembering():
        await counter.runner.warm()
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
