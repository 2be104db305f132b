"""The front door of the policies: bring documents in, list them, search them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from core.errors import ConnectorError
from core.ports import Embedder, Passage
from core.tracing import span
from policies import listing, shelf
from policies.folder import scan
from policies.glossary import Glossary
from policies.indexes import Indexes
from policies.ingest import Ingest
from policies.locks import OneWriter, writing
from policies.records import DocumentRecord, IngestReport, StoredDocument
from policies.search import Search
from policies.settings import PolicySettings
from policies.word_copy import WordCopy
from storage.engine import Database

T = TypeVar("T")
_PATIENCE = 30.0  # seconds that a change waits for the words of its own folder


def _silent(_done: int, _total: int, _text: str) -> None:
    """Nobody watches."""


class Library:
    """Documents and passages in the database, the indexes beside it. Implements `core.ports.PolicySearch`.

    Any number of processes may search; one at a time may change. Without a Chroma server they share `folder`; with
    one, each may have a folder of its own.
    """

    def __init__(self, database: Database, folder: Path, embedder: Embedder, settings: PolicySettings) -> None:
        self._database = database
        self._folder = folder
        self._indexes = Indexes(folder, embedder, settings)
        self._writer = OneWriter(database)
        self._ingest = Ingest(database, self._indexes, self._writer, settings)
        self._search = Search(database, self._indexes, embedder, settings)
        self._words = WordCopy(database, self._indexes, folder) if self._indexes.words_are_a_copy else None
        self._seconds = settings.search_seconds
        self._warm = False
        self._changing = asyncio.Lock()

    async def ingest(
        self,
        source: Path,
        collection: str = "handbook",
        progress: Callable[[int, int, str], None] | None = None,
    ) -> IngestReport:
        """Bring a folder (or one file) in: only what changed is read anew, what is gone is forgotten.

        `progress` hears (done, total, what) from another thread. Raises ConfigError when `source` is not there or
        another process is writing; a document that cannot be read is a problem in the report.
        """

        def work() -> IngestReport:
            report = self._ingest.run(scan(source), collection, progress or _silent)
            self._search.warm()
            return report

        return await self._alone(work)

    async def rebuild(self, progress: Callable[[int, int, str], None] | None = None) -> None:
        """Make both indexes anew from the database; searches go on in the old ones until the swap."""
        await self._alone(lambda: self._ingest.rebuild(progress or _silent))

    async def remove(self, path_or_collection: str) -> int:
        """Forget a document, all below a folder, or a collection; returns how many documents there were."""

        def work() -> int:
            with self._database.reading() as tx:
                keys = shelf.matching(tx, path_or_collection)
            return self._ingest.remove(keys) if keys else 0

        return await self._alone(work)

    async def documents(self) -> list[DocumentRecord]:
        """All documents, by collection and path."""
        return await self._database.read(listing.records)

    async def document(self, path: str) -> list[StoredDocument]:
        """The documents of one path (one a collection) as they are kept, whole; empty when there is none."""
        return await self._database.read(lambda tx: listing.whole(tx, path))

    def glossary(self) -> Glossary:
        """The words of all collections' glossaries: term to the handbook's words. Blocking."""
        with self._database.reading() as tx:
            return shelf.glossary_of(tx)

    async def search(self, query: str, groups: frozenset[str], k: int = 5, on: date | None = None) -> Sequence[Passage]:
        """The k best passages these groups may read; text in force on `on` (default: today) comes first.

        Raises ConnectorError when an index cannot be read in time: no passages must mean that there are none.
        """

        def work() -> Sequence[Passage]:
            if self._words is not None:
                self._words.wait(self._seconds)
            return self._search.run(query, groups, k, on)

        with span("search") as seen:
            if not self._warm:  # embeds phrases of ours in a new home: this machine's work, whatever the time limit
                await asyncio.to_thread(self._search.warm)
                self._warm = True
            try:
                async with asyncio.timeout(self._seconds):
                    found = await asyncio.to_thread(work)
            except TimeoutError as error:
                raise ConnectorError("policies", f"no answer within {self._seconds:g} s") from error
            seen.set(passages=len(found))
            return found

    async def passage(self, passage_id: str, groups: frozenset[str] | None = None) -> Passage | None:
        """One passage by id; None when it is gone or, with `groups` given, not theirs to read."""
        return await asyncio.to_thread(self._search.passage, passage_id, groups)

    async def outdated(self) -> str:
        """Why the index needs a rebuild (the next ingest does it), or nothing."""
        state = await self._database.read(shelf.state)
        if not state.recipe or state.recipe == self._indexes.recipe:
            return ""
        return f"the policy index was made with '{state.recipe}', now it is '{self._indexes.recipe}'; ingest again"

    def close(self) -> None:
        """Give all files and connections back."""
        if self._words is not None:
            self._words.close()
        self._indexes.close()

    async def _alone(self, work: Callable[[], T]) -> T:
        patience = _PATIENCE if self._words is not None else 0  # it may be this process's words that are brought up

        def locked() -> T:
            with self._writer.alone(), writing(self._folder, patience), self._indexes.writing():
                if self._words is not None:
                    self._words.bring()
                return work()

        async with self._changing:
            return await asyncio.to_thread(locked)
