"""The versions of a collection: drafted from a folder, published through the gate, kept to go back to.

A version is never changed. A hash over its documents and its words binds draft, card and publication to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import ConfigError
from policies import shelf
from policies.entries import document_key
from policies.glossary import Glossary
from policies.tables import publications, version_documents
from policies.tables import versions as table
from policies.versions import revisions
from policies.versions.revisions import Revision
from storage import AuditEntry
from storage.audit import record
from storage.engine import Tx, now

FOUND = "found in force"
"""The origin of a version that nobody drafted: what stood there when the first draft beside it was made."""
TRIES = 20


@dataclass(frozen=True, slots=True)
class Content:
    """What a collection says: its documents by key, and its glossary."""

    documents: Mapping[str, Revision]
    glossary: Glossary

    @property
    def hash(self) -> str:
        """One hash over all of it."""
        return hash_of(((key, one.revision) for key, one in self.documents.items()), self.glossary)


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `author` is `employee:…`, or `operator:…` for somebody at a shell; `unseen` are lines of its files
    with the characters that nobody sees, which were left out of it."""

    collection: str
    number: int
    hash: str
    base: str
    glossary: Glossary
    unseen: tuple[str, ...]
    author: str
    origin: str
    drafted_at: datetime


@dataclass(frozen=True, slots=True)
class Publication:
    """One step: a version came in force."""

    edition: int
    collection: str
    number: int
    hash: str
    action_id: str
    at: datetime


def hash_of(documents: Iterable[tuple[str, str]], glossary: Glossary) -> str:
    """The hash of a collection: each document's key with its revision, and the glossary."""
    whole = [sorted(documents), sorted((term, list(words)) for term, words in glossary.items())]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def in_force(tx: Tx, collection: str) -> Content:
    """What answers of this collection are made from now."""
    return Content(revisions.in_force(tx, collection), shelf.glossary_of(tx, collection))


def draft(
    tx: Tx, collection: str, content: Content, base: str, author: str, origin: str, unseen: Sequence[str] = ()
) -> Version:
    """Keep a draft as the next version. The same content twice in a row is one version."""
    hash_ = content.hash
    for _ in range(TRIES):
        last = newest(tx, collection)
        if last is not None and (last.hash, last.base) == (hash_, base):
            return last
        moment = now(tx)
        values: dict[str, Any] = {
            "collection": collection,
            "number": last.number + 1 if last else 1,
            "hash": hash_,
            "base": base,
            "unseen": list(unseen),
            "author": author[:120],
            "origin": origin[:60],
            "drafted_at": moment,
        }
        words = {term: list(said) for term, said in content.glossary.items()}
        if not tx.add(table, glossary=words, **values):
            continue
        revisions.keep(tx, list(content.documents.values()))
        rows = [
            {"collection": collection, "number": values["number"], "document_key": key, "revision": one.revision}
            for key, one in content.documents.items()
        ]
        if rows:
            tx.execute(sa.insert(version_documents), [{**row, "at": moment} for row in rows])
        return Version(**{**values, "unseen": tuple(unseen)}, glossary=dict(content.glossary))
    raise ConfigError(f"{collection!r} is being drafted by somebody else at this moment: try again")


def keep_in_force(tx: Tx, collection: str) -> Version | None:
    """Keep what is in force as a version, unless it is one: to go back to. None for an empty collection."""
    present = in_force(tx, collection)
    if not present.documents:
        return None
    same = with_hash(tx, collection, present.hash)
    return same or draft(tx, collection, present, present.hash, "system:policies", FOUND)


def version(tx: Tx, collection: str, number: int) -> Version | None:
    """One version."""
    return _one(tx, table.c.collection == collection, table.c.number == number)


def with_hash(tx: Tx, collection: str, hash_: str) -> Version | None:
    """The newest version with exactly this content."""
    return _one(tx, table.c.collection == collection, table.c.hash == hash_)


def newest(tx: Tx, collection: str) -> Version | None:
    """The version with the highest number, published or not."""
    return _one(tx, table.c.collection == collection)


def versions(tx: Tx, collection: str) -> list[Version]:
    """All versions that are kept, oldest first."""
    wanted = sa.select(table).where(table.c.collection == collection).order_by(table.c.number)
    return [_read(row) for row in tx.execute(wanted)]


def collections(tx: Tx) -> list[str]:
    """Every collection of which a version is kept."""
    return list(tx.execute(sa.select(table.c.collection).distinct().order_by(table.c.collection)).scalars())


def content(tx: Tx, chosen: Version) -> Content:
    """All documents of a version, each as it was drafted. Raises `ConfigError` when a row was changed or is gone."""
    mine = sa.and_(version_documents.c.collection == chosen.collection, version_documents.c.number == chosen.number)
    named = {row.document_key: row.revision for row in tx.execute(sa.select(version_documents).where(mine))}
    what = f"version {chosen.number} of {chosen.collection!r}"
    if hash_of(named.items(), chosen.glossary) != chosen.hash:
        raise ConfigError(f"{what} is not what its hash says: rows were changed, or documents of it are gone")
    kept = {one.revision: one for one in revisions.load(tx, list(named.values()))}
    gone = [key for key, name in named.items() if name not in kept]
    if gone:
        raise ConfigError(f"{what} is not whole any more: {len(gone)} of its documents are gone")
    found = {key: kept[name] for key, name in named.items()}
    for key, one in found.items():
        if one.document_key != key or document_key(chosen.collection, one.document.path) != key:
            raise ConfigError(f"{what} names a document that is another")
    return Content(found, chosen.glossary)


def publish(tx: Tx, chosen: Version, action_id: str, actor: str) -> Publication:
    """Note that a version came in force. The same action twice is one publication."""
    for _ in range(TRIES):
        if (before := publication_by(tx, action_id)) is not None:
            return before
        last: int = tx.execute(sa.select(sa.func.max(publications.c.edition))).scalar() or 0
        values: dict[str, Any] = {
            "edition": last + 1,
            "collection": chosen.collection,
            "number": chosen.number,
            "hash": chosen.hash,
            "action_id": action_id,
            "at": now(tx),
        }
        if tx.add(publications, **values):
            said = {"hash": chosen.hash, "drafted_by": chosen.author}
            what = f"policies:{chosen.collection}:{chosen.number}"
            entry = AuditEntry(actor[:120], "policies.published", what, "in_force", request=action_id, payload=said)
            record(tx, entry)
            return Publication(**values)
    raise ConfigError("another version is being published at this moment: try again")


def publication_by(tx: Tx, action_id: str) -> Publication | None:
    """What this action published, if it did."""
    row = tx.execute(sa.select(publications).where(publications.c.action_id == action_id)).first()
    return Publication(**row._mapping) if row else None


def published(tx: Tx, collection: str = "") -> list[Publication]:
    """All publications, or those of one collection, in order."""
    wanted = sa.select(publications).order_by(publications.c.edition)
    rows = tx.execute(wanted.where(publications.c.collection == collection) if collection else wanted)
    return [Publication(**row._mapping) for row in rows]


def _one(tx: Tx, *where: sa.ColumnElement[bool]) -> Version | None:
    row = tx.execute(sa.select(table).where(*where).order_by(table.c.number.desc()).limit(1)).first()
    return _read(row) if row else None


def _read(row: sa.Row[tuple[object, ...]]) -> Version:
    values = dict(row._mapping)
    words = {term: tuple(said) for term, said in values["glossary"].items()}
    return Version(**{**values, "glossary": words, "unseen": tuple(values["unseen"])})
