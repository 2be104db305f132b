"""A process with a library of its own, told over its standard input what to do; for tests with several processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import LoketError
from policies.indexes import indexes, vectors
from policies.library import Library
from policies.reading import ingest
from policies.settings import PolicySettings
from storage import Database
from tests.policy_room import HashingEmbedder

ROOT = Path(__file__).parents[1]
# Where a worker kills itself: before or after one method of the ingest runs for the first time.
PLACES: dict[str, tuple[type, str, bool]] = {
    "before the words": (indexes.Indexes, "_add_words", False),
    "after the words": (indexes.Indexes, "_add_words", True),
    "after the sentences": (vectors.VectorIndex, "add", True),
    "before the swap": (ingest.Ingest, "_change", False),
    "after the swap": (ingest.Ingest, "_change", True),
    "in the middle of taking out": (vectors.VectorIndex, "delete", True),
    "before the vocabulary of its new home": (indexes.Indexes, "learn", False),
}


class Worker:
    """The other process, from here. Each call waits for its answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, query: str, *groups: str) -> list[tuple[str, str]]:
        """(path, text) of what is found."""
        return [(path, text) for path, text in self._do(do="ask", query=query, groups=groups)]

    def ingest(self, folder: Path) -> Any:
        """The report, as what was added, updated and removed."""
        return self._do(do="ingest", folder=str(folder))

    def words(self) -> dict[str, list[str]]:
        """The passage ids in this process's own word index."""
        found: dict[str, list[str]] = self._do(do="words")
        return found

    def start_ingest(self, folder: Path) -> None:
        """Begin, and do not wait."""
        self._send(do="ingest", folder=str(folder))

    def die_at(self, place: str) -> None:
        """Kill itself at a place of the next ingest."""
        self._do(do="die", place=place)

    def _do(self, **what: Any) -> Any:
        self._send(**what)
        return self.answer()

    def answer(self) -> Any:
        """The answer to what was begun; an error of ours is raised as RuntimeError."""
        assert self.process.stdout
        said = json.loads(self.process.stdout.readline())
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["found"]

    def _send(self, **what: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()


@contextmanager
def worker(database_url: str, home: Path, chroma_url: str) -> Iterator[Worker]:
    """A process with its own home; gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.policy_worker", database_url, str(home), chroma_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield Worker(process)
        finally:
            process.kill()


async def main(database_url: str, home: str, chroma_url: str) -> None:
    """Do what each line says, and answer with one line."""
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing else may get between the answers
    database = Database(database_url, pool_size=3)
    settings = PolicySettings(chroma_url=chroma_url)
    library = Library(database, Path(home) / "index", HashingEmbedder(), settings)
    for line in sys.stdin:
        try:
            said: dict[str, Any] = {"found": await _done(library, json.loads(line))}
        except LoketError as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), file=answers, flush=True)


async def _done(library: Library, what: dict[str, Any]) -> Any:
    match what["do"]:
        case "ask":
            found = await library.search(what["query"], frozenset(what["groups"]), 50)
            return [(passage.path, passage.text) for passage in found]
        case "ingest":
            report = await library.ingest(Path(what["folder"]))
            return [report.added, report.updated, report.removed]
        case "words":
            words = library._indexes.lexical
            return {name: sorted(words.ids(0, name)) for name in words.partitions(0)}
        case "die":
            _plant(*PLACES[what["place"]])
    return None


def _plant(owner: type, method: str, after: bool) -> None:
    inner: Callable[..., Any] = getattr(owner, method)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if after:
            inner(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, method, deadly)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
