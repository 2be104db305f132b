"""A folder into the database and the indexes, only what changed, safe to interrupt at any point.

New passages enter the indexes first (nobody sees them: a hit that the database does not know is dropped), then one
transaction swaps documents and passages, then old passages leave the indexes. `busy` in the index state tells the
next ingest that one was interrupted between; it compares the indexes with the database and repairs them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import DocumentError
from policies import glossary, shelf
from policies.entries import Entry, document_key, entries
from policies.indexes.indexes import Indexes
from policies.indexes.locks import OneWriter
from policies.reading import documents
from policies.reading.convert import Converter
from policies.reading.folder import Scan, SourceFile
from policies.records import Document, IngestReport, Problem
from policies.settings import PolicySettings
from policies.versions import links
from storage.engine import Database, Tx
from storage.faultpoint import around_commit, reached

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Swap:
    """What changes in one transaction, and who else writes in it; `may` is asked first, and raises to stop it all."""

    put: Sequence[tuple[str, Document, Sequence[Entry]]] = ()
    removed: Sequence[str] = ()
    words: Mapping[str, glossary.Glossary] = field(default_factory=dict)
    may: Callable[[Tx], None] = lambda _tx: None
    also: Callable[[Tx], None] = lambda _tx: None


@dataclass
class _Plan:
    """What one ingest found out, before it changes anything."""

    collection: str
    changed: list[tuple[Document, list[Entry]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: int = 0
    unchanged: int = 0
    words: glossary.Glossary | None = None


class Ingest:
    """Brings documents in. One at a time; blocking."""

    def __init__(self, database: Database, indexes: Indexes, writer: OneWriter, settings: PolicySettings) -> None:
        self._database = database
        self._indexes = indexes
        self._writer = writer
        self._settings = settings

    def run(self, scan: Scan, collection: str, progress: Progress) -> IngestReport:
        """Read what changed in a scanned folder, index it, forget what is gone."""
        started = time.monotonic()
        reason = self.rebuild_if_needed(progress)
        plan = self._plan(scan, collection, progress)
        changed = bool(plan.changed or plan.removed or plan.words is not None)
        if changed:
            self._apply(plan, progress)
        self.repair(progress)
        with self._database.reading() as tx:
            plan.problems += links.problems(tx, collection)
        return IngestReport(
            added=plan.added,
            updated=len(plan.changed) - plan.added,
            unchanged=plan.unchanged,
            removed=len(plan.removed),
            passages=self._count(collection),
            ignored=scan.ignored,
            problems=tuple(plan.problems),
            seconds=round(time.monotonic() - started, 2),
            rebuilt=reason,
        )

    def remove(self, keys: list[str]) -> int:
        """Forget documents; returns how many there were."""
        self._mark_busy()
        count = self._change(lambda tx: shelf.delete(tx, keys))
        self.repair(lambda _done, _total, _text: None)
        return count

    def rebuild_if_needed(self, progress: Progress) -> str:
        """Make all vectors anew when they were made by another embedder or in another way; says why, or nothing."""
        state = self._database_state()
        if state.recipe == self._indexes.recipe:
            return ""
        if not state.recipe:
            self._set(replace(state, recipe=self._indexes.recipe, generation=1))
            return ""
        self.rebuild(progress)
        return f"all passages were indexed anew: the index was made with '{state.recipe}', now '{self._indexes.recipe}'"

    def rebuild(self, progress: Progress) -> None:
        """Make both indexes anew from the database, beside the ones in use; then swap."""
        state = self._database_state()
        generation = state.generation + 1
        with self._database.reading() as tx:
            made = list(shelf.load_entries(tx))
        self._indexes.add(generation, made, lambda done, total: progress(done, total, "indexing passages"))
        self._indexes.learn(generation, made)
        self._set(shelf.State(self._indexes.recipe, state.version + 1, generation, busy=False))
        self._indexes.keep_only(generation)

    def repair(self, progress: Progress) -> None:
        """Make the indexes hold exactly what the database holds."""
        with self._database.reading() as tx:
            state = shelf.state(tx)
            wanted = shelf.ids_by_partition(tx)
        if not state.busy and self._indexes.have(state.generation, wanted):
            self._learn(state.generation, wanted)
            return
        lacking = self._indexes.missing(state.generation, wanted)
        if lacking:
            with self._database.reading() as tx:
                made = list(shelf.load_entries(tx, lacking))
            self._indexes.add(state.generation, made, lambda done, total: progress(done, total, "repairing the index"))
        self._indexes.prune(state.generation, wanted)
        self._learn(state.generation, wanted)
        self._indexes.keep_only(state.generation)
        self._set(replace(state, busy=False, version=state.version + (1 if lacking else 0)))

    def _learn(self, generation: int, wanted: Mapping[str, set[str]]) -> None:
        """Have the words of each partition be those of the passages that the database holds."""
        stale = self._indexes.unlearned(generation, wanted)
        if stale:
            with self._database.reading() as tx:
                made = list(shelf.load_entries(tx, [key for name in stale for key in wanted[name]]))
            self._indexes.learn(generation, made)

    def _plan(self, scan: Scan, collection: str, progress: Progress) -> _Plan:
        plan = _Plan(collection, problems=list(scan.problems))
        with self._database.reading() as tx:
            known = shelf.known(tx)
            old_words = shelf.glossary_of(tx, collection)
            mine = shelf.keys_of_collection(tx, collection)
        plan.words = self._glossary(scan, old_words, plan)
        ids = {entry.document_id: entry for entry in known.values() if entry.document_id}
        with Converter(self._settings.convert_seconds, self._settings.convert_memory_mb) as converter:
            for number, entry in enumerate(scan.files, start=1):
                progress(number, len(scan.files), "reading documents")
                try:
                    self._read(entry, plan, known, ids, converter)
                except DocumentError as error:
                    plan.problems.append(_problem(error, entry, document_key(collection, entry.path) in known))
        self._find_removed(scan, plan, {key: known[key].path for key in mine})
        return plan

    def _read(
        self,
        entry: SourceFile,
        plan: _Plan,
        known: dict[str, shelf.Known],
        ids: dict[str, shelf.Known],
        converter: Converter,
    ) -> None:
        key = document_key(plan.collection, entry.path)
        source = documents.load(entry, self._settings)
        before = known.get(key)
        if before is not None and before.source_hash == source.source_hash:
            plan.unchanged += 1
            return
        document = documents.parse(source, self._settings, converter)
        name = document.header.document_id
        if name and name in ids and ids[name].document_key != key:
            raise DocumentError(
                entry.path, f"has the id {name!r}, which {ids[name].path} has already; change one of them."
            )
        if name:
            ids[name] = shelf.Known(key, entry.path, name, source.source_hash)
        made = entries(document, plan.collection, self._settings.gist_words, self._indexes.cache.embed)
        plan.changed.append((document, made))
        plan.problems += [Problem(entry.path, note) for note in document.header.notes]
        plan.added += 0 if before else 1

    def _glossary(self, scan: Scan, old: glossary.Glossary, plan: _Plan) -> glossary.Glossary | None:
        """The new glossary, or None when it stays as it was."""
        if not scan.whole:
            return None
        try:
            new = glossary.read(scan.root)
        except DocumentError as error:
            plan.problems.append(Problem(f"{scan.name}/{error.path}", f"{error.problem} The words read before stay."))
            return None
        return new if dict(new) != dict(old) else None

    def _find_removed(self, scan: Scan, plan: _Plan, mine: dict[str, str]) -> None:
        if not scan.whole:
            return
        here = {entry.path for entry in scan.files}
        gone = [key for key, path in mine.items() if path.startswith(f"{scan.name}/") and path not in here]
        if gone and not here:
            sentence = (
                f"holds no documents any more; the {len(gone)} read before stay. Remove them by name if you mean it."
            )
            plan.problems.append(Problem(scan.name, sentence))
            return
        plan.removed = gone

    def _apply(self, plan: _Plan, progress: Progress) -> None:
        words = {} if plan.words is None else {plan.collection: plan.words}
        put = [(plan.collection, document, some) for document, some in plan.changed]
        self.swap(Swap(put, plan.removed, words), progress)

    def swap(self, change: Swap, progress: Progress) -> None:
        """New passages into the indexes, then everything into the database at once. `repair` must follow."""
        self._mark_busy()
        state = self._database_state()
        made = [entry for _collection, _document, some in change.put for entry in some]
        self._indexes.add(state.generation, made, lambda done, total: progress(done, total, "indexing passages"))
        reached("policies.indexed")

        def swap(tx: Tx) -> int:
            change.may(tx)
            for collection, document, some in change.put:
                shelf.put(tx, document, collection, some)
            for collection, words in change.words.items():
                shelf.set_glossary(tx, collection, words)
            count = shelf.delete(tx, change.removed)
            change.also(tx)
            around_commit(tx, "policies.swap")
            return count

        self._change(swap)

    def _change(self, work: Callable[[Tx], int]) -> int:
        with self._database.transaction() as tx:
            result = work(tx)
            self._writer.check()
            state = shelf.state(tx)
            shelf.set_state(tx, replace(state, version=state.version + 1))
        return result

    def _mark_busy(self) -> None:
        self._set(replace(self._database_state(), busy=True))

    def _database_state(self) -> shelf.State:
        with self._database.reading() as tx:
            return shelf.state(tx)

    def _set(self, state: shelf.State) -> None:
        with self._database.transaction() as tx:
            self._writer.check()
            shelf.set_state(tx, state)

    def _count(self, collection: str) -> int:
        with self._database.reading() as tx:
            return shelf.count_passages(tx, collection)


def _problem(error: DocumentError, entry: SourceFile, was_known: bool) -> Problem:
    stays = " The version read before stays in use." if was_known else ""
    return Problem(error.path or entry.path, error.problem + stays)
