"""One document as it is kept for ever: all that would be in force of it, as one text whose hash is its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from core.errors import ConfigError
from policies.entries import Entry, document_key
from policies.records import Document, Header
from policies.tables import documents, passages, revisions
from storage.engine import Tx, now

_BATCH = 500  # values in one IN list
_LISTS = ("supersedes", "questions", "keywords", "rests_on")
_KEPT = (
    *("document_id", "title", "address", "owner", "contact", "language", "authority", "kind", "pair"),
    *("applies_to", *_LISTS),
)


@dataclass(frozen=True)
class Revision:
    """`body` is canonical JSON of the header, the source's hash and the passages; `revision` its SHA-256."""

    revision: str
    document_key: str
    source_hash: str
    body: str

    @cached_property
    def _values(self) -> dict[str, Any]:
        if hashlib.sha256(self.body.encode(errors="replace")).hexdigest() != self.revision:
            raise ConfigError("a kept document is not what its hash says: its row was changed")
        values: dict[str, Any] = json.loads(self.body)
        return values

    @cached_property
    def document(self) -> Document:
        """Header and source; the text is in `entries`. Raises `ConfigError` for a row that was changed."""
        values, header = self._values, dict(self._values["header"])
        header |= {name: tuple(header[name]) for name in _LISTS}
        header["audience"] = frozenset(header["audience"])
        for name in ("effective_from", "effective_until"):
            header[name] = date.fromisoformat(header[name]) if header[name] else None
        return Document(values["path"], Header(**header), "", values["source_hash"])

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The passages in order. Raises `ConfigError` for a row that was changed."""
        header = self.document.header
        return tuple(
            Entry(
                part["passage_id"],
                self.document_key,
                number,
                part["partition"],
                part["heading"],
                tuple(part["heading_path"]),
                part["text"],
                header.title,
                header.language,
                header.keywords,
                tuple(part["questions"]),
            )
            for number, part in enumerate(self._values["passages"])
        )

    @property
    def path(self) -> str:
        """The document's path."""
        return self.document.path


def of_document(document: Document, collection: str, made: Sequence[Entry]) -> Revision:
    """The revision of a document that was read from a file."""
    header = {name: value for name, value in asdict(document.header).items() if name in _KEPT}
    header["audience"] = sorted(document.header.audience)
    header["effective_from"] = _day(document.header.effective_from)
    header["effective_until"] = _day(document.header.effective_until)
    parts = [
        {
            "passage_id": entry.passage_id,
            "partition": entry.partition,
            "heading": entry.heading,
            "heading_path": list(entry.heading_path),
            "text": entry.text,
            "questions": list(entry.questions),
        }
        for entry in made
    ]
    return _made(document_key(collection, document.path), document.path, document.source_hash, header, parts)


def in_force(tx: Tx, collection: str) -> dict[str, Revision]:
    """What is in force of a collection, by document key: made from the very rows that answers are made from."""
    parts: dict[str, list[dict[str, Any]]] = {}
    chosen = sa.select(passages).join(documents).where(documents.c.collection == collection)
    for row in tx.execute(chosen.order_by(passages.c.document_key, passages.c.ordinal)):
        part = {name: row._mapping[name] for name in ("passage_id", "partition", "heading", "text")}
        part |= {"heading_path": list(row.heading_path), "questions": list(row.questions)}
        parts.setdefault(row.document_key, []).append(part)
    found: dict[str, Revision] = {}
    for row in tx.execute(sa.select(documents).where(documents.c.collection == collection)):
        values = row._mapping
        header = {name: values[name] for name in _KEPT}
        header |= {"applies_to": dict(values["applies_to"]), "audience": sorted(values["audience"])}
        header |= {name: list(values[name]) for name in _LISTS}
        header |= {name: _day(values[name]) for name in ("effective_from", "effective_until")}
        key = values["document_key"]
        found[key] = _made(key, values["path"], values["source_hash"], header, parts.get(key, []))
    return found


def keep(tx: Tx, some: Sequence[Revision]) -> None:
    """Write the revisions that are not kept yet."""
    known = {one.revision for one in load(tx, [one.revision for one in some])}
    moment = now(tx)
    for one in some:
        if one.revision not in known:
            values = {"document_key": one.document_key, "source_hash": one.source_hash, "body": one.body}
            tx.add(revisions, revision=one.revision, at=moment, **values)


def load(tx: Tx, names: Sequence[str]) -> Iterator[Revision]:
    """The kept revisions of these names; those that are gone are missing."""
    columns = (revisions.c.revision, revisions.c.document_key, revisions.c.source_hash, revisions.c.body)
    distinct = list(dict.fromkeys(names))
    for start in range(0, len(distinct), _BATCH):
        wanted = revisions.c.revision.in_(distinct[start : start + _BATCH])
        for row in tx.execute(sa.select(*columns).where(wanted)):
            yield Revision(row.revision, row.document_key, row.source_hash, row.body)


def from_source(tx: Tx, key: str, source_hash: str) -> Revision | None:
    """What was made of this very file before, if it is still kept: it need not be read again."""
    wanted = sa.select(revisions.c.revision).where(
        revisions.c.document_key == key, revisions.c.source_hash == source_hash
    )
    names = list(tx.execute(wanted.order_by(revisions.c.at.desc()).limit(1)).scalars())
    return next(load(tx, names), None)


def _made(
    key: str, path: str, source_hash: str, header: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]
) -> Revision:
    whole = {"document_key": key, "path": path, "source_hash": source_hash, "header": header, "passages": parts}
    body = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Revision(hashlib.sha256(body.encode(errors="replace")).hexdigest(), key, source_hash, body)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
