"""This process's own copy of the word index, kept as the database says while searches go on.

With several processes on several machines there is no folder that all could share, and word indexes are small and
quick to make (2,000 sections: about 2 s). So each process has its own, and one number in the database, which grows
with every change, tells it when to look what came and what went. Rights never rest on the copy: which partitions may
be searched, and whether a hit still exists, the database says at every search.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from core.errors import ConfigError, ConnectorError
from policies import shelf
from policies.entries import Entry
from policies.indexes.indexes import Indexes
from policies.indexes.locks import writing
from storage.engine import Database

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0  # between two looks at the number


class WordCopy:
    """Follows the database in a thread of its own, from the first `wait` to `close`."""

    def __init__(self, database: Database, indexes: Indexes, folder: Path) -> None:
        self._database = database
        self._indexes = indexes
        self._folder = folder
        self._seen = -1  # the version that the copy was made from; at the start the whole copy is compared
        self._starting = Lock()
        self._thread: Thread | None = None
        self._ready = Event()
        self._closing = Event()
        self._problem = ""

    def wait(self, seconds: float) -> None:
        """Begin to follow, and wait until the copy was once as the database says. Raises ConnectorError if not in time.

        A search that comes while a newer copy is being made does not wait: it uses the one before.
        """
        self._begin()
        if not self._ready.wait(seconds):
            raise ConnectorError("policies", self._problem or "the word index is still being made")

    def bring(self) -> None:
        """Bring the copy up to the database now. The caller holds the lock of the folder; blocking."""
        with self._database.reading() as tx:
            version = shelf.state(tx).version
            if version == self._seen:
                return
            wanted = shelf.ids_by_partition(tx)
        self._indexes.bring_words(wanted, self._load)
        self._seen = version
        self._ready.set()

    def close(self) -> None:
        """Stop following."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(10)

    def _begin(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._follow, name="loket-words", daemon=True)
                self._thread.start()

    def _follow(self) -> None:
        while not self._closing.is_set():
            try:
                self._look()
            except ConfigError:
                log.debug("words_awaited")
            except ConnectorError as error:
                self._problem = str(error)
                log.warning("words_unfollowed", system=error.system)
            except (OSError, ValueError) as error:  # what tantivy raises for files that are damaged or no index
                self._problem = f"the word index is damaged and is made anew ({type(error).__name__})"
                log.warning("words_damaged", error=type(error).__name__)
                self._indexes.forget_words()
                self._seen = -1
            self._closing.wait(LOOK_SECONDS)

    def _look(self) -> None:
        with self._database.reading() as tx:
            if shelf.state(tx).version == self._seen:
                return
        with writing(self._folder):
            self.bring()

    def _load(self, ids: Sequence[str]) -> list[Entry]:
        """Passages by id. Read after the list of ids: one that has gone since is missing, and the number has moved."""
        with self._database.reading() as tx:
            return list(shelf.load_entries(tx, ids))
