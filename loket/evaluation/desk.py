"""The desk of an evaluation: the real counter in a home that is thrown away, as empty for each case as for the first.

Nothing outside is touched: the outside world is the embedded one, the live state is neither read nor written, and
what an earlier case proposed or said is wiped before the next.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import sqlalchemy as sa

from connectors.embedded import World
from core.errors import ConfigError
from core.ports import Embedder
from loket.bootstrap import Counter, build
from loket.desk.asking import Asker
from loket.evaluation.cases import Person
from loket.home import Home
from loket.logs import logging_to
from loket.recording import RecordingChannel
from loket.settings import Settings
from loket.terminal.channel import NAME
from storage import Database, Tx, metadata

SAMPLES = Path(__file__).resolve().parents[2] / "policies" / "samples"
_KEPT = ("policy_", "rule_", "audit", "switches")
"""How the names of the tables begin that a case cannot fill with something the next would notice."""
VECTORS = ("vectors.sqlite", "examples.npz")
_FIRST_GUEST = 7001
_NOON = time(12, tzinfo=UTC)
Telling = Callable[[str, int, int], None]
"""Called with what is done, how much of it and of how many; from another thread."""


class EvaluationDesk:
    """Asks, and forgets. Made by `evaluation_desk`."""

    def __init__(self, counter: Counter, asker: Asker) -> None:
        self.counter = counter
        self.asker = asker
        self._people: dict[Person, str] = {}
        self._world = _copy(counter.world)

    async def employee(self, person: Person) -> str:
        """The number of who asks; somebody described only by groups is added to the staff. Raises `ConfigError`."""
        if person.employee_id:
            if await self.counter.directory.by_id(person.employee_id) is None:
                raise ConfigError(f"there is no employee {person.employee_id}; the sample staff is E1001 to E1044")
            return person.employee_id
        if person not in self._people:
            number = f"E{_FIRST_GUEST + len(self._people)}"
            details = {"language": person.language, "site": person.site}
            self.counter.world.add_person(
                number,
                f"Colleague {number}",
                title="Colleague",
                department="Nautical Affairs",
                groups=list(person.groups),
                **{name: value for name, value in details.items() if value},
            )
            self._people[person] = number
            self.close()
            self._world = _copy(self.counter.world)
        return self._people[person]

    async def forget(self) -> None:
        """Back to the beginning: conversations, drafts and limits are gone, and what happened outside is undone."""
        await self.counter.settle()
        await self.counter.database.run(_wipe)
        if self.counter.world.effects():
            await asyncio.to_thread(_restore, self._world, self.counter.world)

    def close(self) -> None:
        """Drop the copy of the outside world."""
        self._world.close()


@asynccontextmanager
async def evaluation_desk(
    settings: Settings,
    handbook: Path | None,
    today: date | None,
    *,
    embedder: Embedder | None = None,
    telling: Telling = lambda _what, _done, _total: None,
    cache: Path | None = None,
) -> AsyncIterator[EvaluationDesk]:
    """A counter on the handbook (None: the sample one), with the models and policies settings of `settings`.

    `today`: the database's clock stands at noon (UTC) of that day. `cache`: a folder that keeps the vectors of known
    texts from run to run. Raises `ConfigError` when nothing can be read.
    """
    with tempfile.TemporaryDirectory(prefix="loket-eval-") as folder, _vectors_kept(Path(folder), cache):
        chosen = _in(Path(folder), settings)
        database = Database(chosen.database)
        if today is not None:  # before the outside world begins: its yesterdays count from then
            database.clock_offset = datetime.combine(today, _NOON) - datetime.now(UTC)
        counter = build(chosen, database=database, embedder=embedder, channels=(RecordingChannel(NAME),))
        with logging_to(counter.home.log, chosen.log.level):
            await counter.start()
            try:
                source = handbook or SAMPLES
                report = await counter.library.ingest(
                    source, "handbook", lambda done, total, _name: telling(f"Reading {source.name}", done, total)
                )
                if not report.passages:
                    raise ConfigError(f"{source} holds no policy that can be read")
                await counter.warm()
                with closing(EvaluationDesk(counter, Asker(counter, chosen.agent.deadline_seconds + 30))) as desk:
                    yield desk
            finally:
                await counter.stop()


@contextmanager
def _vectors_kept(home: Path, cache: Path | None) -> Iterator[None]:
    """Take the vectors of an earlier run along, and keep those of this one. A cache: text by text, model by model."""
    index = Home(home).index
    if cache is not None:
        index.mkdir(parents=True)
        for file in VECTORS:
            if (cache / file).exists():
                shutil.copyfile(cache / file, index / file)
    yield
    if cache is not None:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in VECTORS:
            if (index / file).exists():
                half = cache / f"{file}.part"
                shutil.copyfile(index / file, half)
                half.replace(cache / file)


def _in(folder: Path, settings: Settings) -> Settings:
    """The settings in force, but with an empty embedded home and no limit on how much one person asks."""
    agent = settings.agent.model_copy(update={"person_turns_per_hour": 10**6, "person_tokens_per_day": 10**9})
    return settings.model_copy(update={"home": folder, "database_url": "", "engine": "inline", "agent": agent})


def _wipe(tx: Tx) -> None:
    for table in reversed(metadata.sorted_tables):
        if not table.name.startswith(_KEPT):
            tx.execute(sa.delete(table))


def _copy(world: World) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(world.path)) as source:
        source.backup(copy)
    return copy


def _restore(copy: sqlite3.Connection, world: World) -> None:
    with closing(sqlite3.connect(world.path)) as target:
        copy.backup(target)
