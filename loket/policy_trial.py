"""A draft of policies tried as if it were published: a desk in a home of its own, beside the one that people ask.

What is tried is neither read by nor written to anything live: its own database, indexes and invented outside world in
`LOKET_HOME/trial`. That home is kept, so that the next try only reads in what has changed.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

from core.errors import ConfigError
from core.ports import Embedder
from loket.bootstrap import Counter, build
from loket.desk.asking import Asker
from loket.evaluation.desk import EvaluationDesk
from loket.home import Home
from loket.logs import logging_to
from loket.outside.settings import SystemsSettings
from loket.recording import RecordingChannel
from loket.settings import Settings
from loket.terminal.channel import NAME
from policies.versions import publishing, versions
from policies.versions.versions import Content, Version
from storage import Tx

DRAFT, IN_FORCE = "draft", "in-force"
Telling = Callable[[int, int, str], None]


def chosen_version(tx: Tx, collection: str, number: int = 0) -> Version:
    """The newest version of a collection, or that `number`. Raises `ConfigError` when there is none."""
    found = versions.version(tx, collection, number) if number else versions.newest(tx, collection)
    if found is not None:
        return found
    known = ", ".join(str(one.number) for one in versions.versions(tx, collection))
    if number and known:
        raise ConfigError(f"{collection!r} has no version {number}; there are: {known}")
    raise ConfigError(f"there is no draft of {collection!r}: loket policies draft DIR --collection {collection}")


def contents(tx: Tx, collection: str, version: Version | None) -> dict[str, Content]:
    """All collections as they are in force; this one as the version has it, where one is given."""
    found = {**publishing.others(tx, collection), collection: versions.in_force(tx, collection)}
    return found if version is None else {**found, collection: versions.content(tx, version)}


@asynccontextmanager
async def trial_library(
    settings: Settings, wanted: Mapping[str, Content], side: str = DRAFT, telling: Telling | None = None
) -> AsyncIterator[Counter]:
    """A counter that only searches, in the home of that side. Raises `ConfigError` while somebody else tries."""
    chosen = _beside(settings, side)
    home = Home(chosen.home)
    with home.owned("a trial of policies"), logging_to(home.log, chosen.log.level):
        counter = build(chosen)
        await counter.open()
        try:
            await counter.library.bring(wanted, telling)
            yield counter
        finally:
            await counter.close()


@asynccontextmanager
async def trial_desk(
    settings: Settings,
    wanted: Mapping[str, Content],
    side: str = DRAFT,
    *,
    embedder: Embedder | None = None,
    telling: Telling | None = None,
) -> AsyncIterator[EvaluationDesk]:
    """A desk that answers from exactly these collections. Raises `ConfigError` while somebody else tries."""
    chosen = _beside(settings, side)
    home = Home(chosen.home)
    with home.owned("a trial of policies"), logging_to(home.log, chosen.log.level):
        await asyncio.to_thread(shutil.rmtree, home.world, ignore_errors=True)  # invented colleagues of the last time
        counter = build(chosen, embedder=embedder, channels=(RecordingChannel(NAME),))
        await counter.start()
        try:
            await counter.library.bring(wanted, telling)
            with closing(EvaluationDesk(counter, Asker(counter, chosen.agent.deadline_seconds + 30))) as desk:
                await desk.forget()
                await counter.warm()
                yield desk
        finally:
            await counter.stop()


def _beside(settings: Settings, side: str) -> Settings:
    """The settings in force, but in an embedded home with an invented world, and no limit on what one person asks."""
    live = Home(settings.home)
    folder = live.folder / "trial" / side
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _take_vectors_along(live.index, Home(folder).index)
    agent = settings.agent.model_copy(update={"person_turns_per_hour": 10**6, "person_tokens_per_day": 10**9})
    policies = settings.policies.model_copy(update={"chroma_url": ""})
    changed = {"home": folder, "database_url": "", "engine": "inline", "keys_folder": None, "world_folder": None}
    return settings.model_copy(update={**changed, "agent": agent, "policies": policies, "systems": SystemsSettings()})


def _take_vectors_along(live: Path, beside: Path) -> None:
    """What was embedded already need not be embedded again: a copy of a cache, text by text."""
    source, target = live / "vectors.sqlite", beside / "vectors.sqlite"
    if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
        return
    beside.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source, timeout=30)) as old, closing(sqlite3.connect(target, timeout=30)) as new:
        old.backup(new)
