"""The front door of the policies: bring documents in, list them, search them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from core.errors import ConnectorError
from core.ports import Embedder, Passage
from core.tracing import span
from policies import listing, shelf
from policies.glossary import Glossary
from policies.indexes.indexes import Indexes
from policies.indexes.locks import OneWriter, PoliciesBusy, writing
from policies.indexes.word_copy import WordCopy
from policies.reading.folder import scan
from policies.reading.ingest import Ingest
from policies.records import DocumentRecord, IngestReport, StoredDocument
from policies.search import Search
from policies.settings import PolicySettings
from policies.versions import versions
from policies.versions.drafting import Author, Drafted, Drafting
from policies.versions.publishing import Order, Publishing
from policies.versions.versions import Content, Publication
from storage.engine import Database, Tx

T = TypeVar("T")
_PATIENCE = 30.0  # seconds that a change waits for the words of its own folder
_TURN = 10.0  # seconds that a publication waits for another change to end
_LATEST = 300.0  # seconds after which a publication that was begun is given up: well before it counts as not happened
_LOOK_AGAIN = 0.1


def _silent(_done: int, _total: int, _text: str) -> None:
    """Nobody watches."""


class Library:
    """Documents and passages in the database, the indexes beside it. Implements `core.ports.PolicySearch`.

    Any number of processes may search; one at a time may change. Without a Chroma server they share `folder`; with
    one, each may have a folder of its own.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        embedder: Embedder,
        settings: PolicySettings,
    ) -> None:
        self._database = database
        self._folder = folder
        self._indexes = Indexes(folder, embedder, settings)
        self._writer = OneWriter(database)
        self._ingest = Ingest(database, self._indexes, self._writer, settings)
        self._drafting = Drafting(database, settings, self._indexes.cache.embed)
        self._publishing = Publishing(database, self._ingest)
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
            if report.added or report.updated or report.removed:
                self._keep_a_version(collection)
            self._search.warm()
            return report

        return await self._alone(work)

    async def draft(
        self,
        source: Path,
        collection: str,
        author: Author,
        only: str = "",
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Drafted:
        """Read a folder into a draft, which no answer uses, and embed what is new in it ahead of its publication.

        `only`: what lies below this path; the rest stays as it is in force. Raises `ConfigError`.
        """

        def work() -> Drafted:
            drafted = self._drafting.run(scan(source), collection, author, only, progress or _silent)
            self._embed(drafted.news, progress)
            return drafted

        return await asyncio.to_thread(work)

    async def learn(self, content: Content, progress: Callable[[int, int, str], None] | None = None) -> None:
        """Embed what a content says, so that it can come in force quickly; nobody finds it before."""
        await asyncio.to_thread(self._embed, content, progress)

    async def publish(self, order: Order, also: Callable[[Tx], None]) -> Publication:
        """Put a version in force; `also` writes in the same transaction. The same action twice is one publication.

        Called by the executor for an approved action. When that waits no longer it goes on, for five minutes at most:
        whoever looks for it afterwards finds it.
        Raises `ConfigError` when it may not come in force as things are, ConnectorError when another change lasts.
        """
        until = time.monotonic() + _LATEST
        try:
            return await self._alone(lambda: self._publishing.run(order, also, until, _silent), _TURN)
        except PoliciesBusy as error:
            raise ConnectorError("policies", str(error)) from error

    async def bring(
        self, wanted: Mapping[str, Content], progress: Callable[[int, int, str], None] | None = None
    ) -> None:
        """Hold exactly these collections: for a copy on which something is tried."""
        await self._alone(lambda: self._publishing.bring(wanted, progress or _silent))

    async def rebuild(self, progress: Callable[[int, int, str], None] | None = None) -> None:
        """Make both indexes anew from the database; searches go on in the old ones until the swap."""
        await self._alone(lambda: self._ingest.rebuild(progress or _silent))

    async def repair(self) -> str:
        """Make the indexes hold what the database says; says why all of them were made anew, if they were."""

        def work() -> str:
            reason = self._ingest.rebuild_if_needed(_silent)
            self._ingest.repair(_silent)
            return reason

        return await self._alone(work)

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

    def _embed(self, content: Content, progress: Callable[[int, int, str], None] | None = None) -> None:
        made = [entry for one in content.documents.values() for entry in one.entries]
        hear = progress or _silent
        self._indexes.learn_ahead(made, lambda done, total: hear(done, total, "embedding texts"))

    def _keep_a_version(self, collection: str) -> None:
        """Where versions are kept at all, what is put in force directly is one of them, too."""
        with self._database.reading() as tx:
            kept = versions.newest(tx, collection) is not None
        if kept:
            with self._database.transaction() as tx:
                versions.keep_in_force(tx, collection)

    async def _alone(self, work: Callable[[], T], turn: float = 0) -> T:
        """`turn`: seconds to wait for another change, of this process or another, to end."""
        patience = _PATIENCE if self._words is not None else turn  # it may be this process's words that are brought up
        until = time.monotonic() + turn

        def locked() -> T:
            while True:
                try:
                    return once()
                except PoliciesBusy:
                    if time.monotonic() > until:
                        raise
                    time.sleep(_LOOK_AGAIN)

        def once() -> T:
            with self._writer.alone(), writing(self._folder, patience), self._indexes.writing():
                if self._words is not None:
                    self._words.bring()
                return work()

        async with self._changing:
            return await asyncio.to_thread(locked)
