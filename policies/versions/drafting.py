"""A folder to a draft: a version of a collection that no answer uses. What did not change is not read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from core.errors import ConfigError, DocumentError
from core.plain_text import reveal, visible
from policies import glossary, shelf
from policies.entries import Embed, document_key, entries
from policies.reading import documents
from policies.reading.convert import Converter
from policies.reading.decoding import decode
from policies.reading.documents import Source
from policies.reading.folder import CONVERTED, Scan, SourceFile
from policies.records import Problem
from policies.settings import PolicySettings
from policies.versions import revisions, versions
from policies.versions.revisions import Revision
from policies.versions.versions import Content, Version
from storage.engine import Database

Progress = Callable[[int, int, str], None]
MOST_UNSEEN = 50
"""Lines with characters that nobody sees, as they are shown; the rest are counted."""
_LONGEST = 300
_OF_EMOJI = re.compile("(?<![\ufe00-\ufe0f])\ufe0f(?![\ufe00-\ufe0f])")


@dataclass(frozen=True, slots=True)
class Author:
    """Who brings a draft, as the audit names them, and through which channel."""

    actor: str
    origin: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """What a draft came to. `before` is what was in force when it was made; `read` counts files that were read anew."""

    version: Version
    before: Content
    after: Content
    problems: tuple[Problem, ...]
    read: int
    ignored: int

    @property
    def news(self) -> Content:
        """Only the documents that are not in force like this."""
        there = {one.revision for one in self.before.documents.values()}
        return Content({key: one for key, one in self.after.documents.items() if one.revision not in there}, {})


@dataclass
class _Work:
    """What one drafting found out."""

    collection: str
    before: Content
    others: dict[str, str]
    documents: dict[str, Revision]
    problems: list[Problem] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    read: int = 0


class Drafting:
    """Makes drafts. Blocking; several may draft at once, since a draft changes nothing but what is kept."""

    def __init__(self, database: Database, settings: PolicySettings, embed: Embed) -> None:
        self._database = database
        self._settings = settings
        self._embed = embed

    def run(self, scan: Scan, collection: str, author: Author, only: str, progress: Progress) -> Drafted:
        """Read a scanned folder (`only`: what lies below this path) into the next version of a collection.

        Documents that are in force and do not come from this folder stay as they are. A file that cannot be read is a
        problem, and what is in force of it stays. Raises `ConfigError` when nothing could be read at all.
        """
        only = only.rstrip("/")
        scan = _below(scan, only)
        with self._database.reading() as tx:
            before = versions.in_force(tx, collection)
            work = _Work(collection, before, shelf.ids_elsewhere(tx, collection), dict(before.documents))
        words = self._glossary(scan, only, work)
        self._read_all(scan, work, progress)
        self._leave_out(scan, only, work)
        if not work.documents:
            why = f" {work.problems[0].path}: {work.problems[0].sentence}" if work.problems else ""
            raise ConfigError(f"{scan.name} holds no document that can be read: nothing was drafted.{why}")
        after = Content(work.documents, words)
        with self._database.transaction() as tx:
            versions.keep_in_force(tx, collection)
            unseen = _capped(work.unseen)
            kept = versions.draft(tx, collection, after, before.hash, author.actor, author.origin, unseen)
        return Drafted(kept, before, after, tuple(work.problems), work.read, scan.ignored)

    def _read_all(self, scan: Scan, work: _Work, progress: Progress) -> None:
        with Converter(self._settings.convert_seconds, self._settings.convert_memory_mb) as converter:
            for number, entry in enumerate(scan.files, start=1):
                progress(number, len(scan.files), "reading documents")
                key = document_key(work.collection, entry.path)
                try:
                    found = self._revision(entry, key, work, converter)
                    self._refuse_taken_id(found, work)
                    work.documents[key] = found
                except DocumentError as error:
                    stays = " What is in force of it stays." if key in work.before.documents else ""
                    work.problems.append(Problem(error.path or entry.path, error.problem + stays))

    def _revision(self, entry: SourceFile, key: str, work: _Work, converter: Converter) -> Revision:
        source = documents.load(entry, self._settings)
        work.unseen += _unseen(source)
        present = work.before.documents.get(key)
        if present is not None and present.source_hash == source.source_hash:
            return present
        with self._database.reading() as tx:
            known = revisions.from_source(tx, key, source.source_hash)
        if known is not None:
            return known
        document = documents.parse(source, self._settings, converter)
        made = entries(document, work.collection, self._settings.gist_words, self._embed)
        work.problems += [Problem(entry.path, note) for note in document.header.notes]
        work.read += 1
        return revisions.of_document(document, work.collection, made)

    @staticmethod
    def _refuse_taken_id(found: Revision, work: _Work) -> None:
        name = found.document.header.document_id
        taken = work.others.get(name, "") if name else ""
        if taken and taken != found.path:
            raise DocumentError(found.path, f"has the id {name!r}, which {taken} has already; change one of them.")
        if name:
            work.others[name] = found.path

    def _glossary(self, scan: Scan, only: str, work: _Work) -> glossary.Glossary:
        if not scan.whole or only:
            return work.before.glossary
        try:
            new = glossary.read(scan.root)
        except DocumentError as error:
            work.problems.append(Problem(f"{scan.name}/{error.path}", f"{error.problem} The words in force stay."))
            return work.before.glossary
        return {term: tuple(dict.fromkeys(words)) for term, words in new.items()}

    @staticmethod
    def _leave_out(scan: Scan, only: str, work: _Work) -> None:
        """What is gone from the folder is not in the draft; a folder that holds nothing at all is a slip."""
        if not scan.whole:
            return
        here = {entry.path for entry in scan.files}
        root = f"{only or scan.name}/"
        gone = [key for key, one in work.before.documents.items() if one.path.startswith(root) and one.path not in here]
        if gone and not here:
            sentence = f"holds no documents any more; the {len(gone)} in force stay in the draft."
            work.problems.append(Problem(only or scan.name, sentence))
            return
        for key in gone:
            del work.documents[key]


def _below(scan: Scan, only: str) -> Scan:
    """Raises `ConfigError` for a place that is not in the folder."""
    if not only:
        return scan
    files = tuple(one for one in scan.files if one.path == only or one.path.startswith(f"{only}/"))
    if not files:
        raise ConfigError(f"there is no {only!r} in {scan.name}: name it as `loket policies list` does")
    return replace(scan, files=files, whole=scan.whole and files[0].path != only)


def _unseen(source: Source) -> Iterator[str]:
    """The lines of a text file that hold characters nobody sees, as they stand there."""
    if source.entry.suffix in CONVERTED:
        return
    for number, whole in enumerate(decode(source.content, source.entry.path).splitlines(), start=1):
        line = _OF_EMOJI.sub("", whole)
        if visible(line) != line and reveal(line) != line:
            yield f"{source.entry.path}, line {number}: {line.strip()[:_LONGEST]}"


def _capped(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_UNSEEN
    return [*lines[:MOST_UNSEEN], f"and {more} lines more"] if more > 0 else lines
