"""Documents and passages in the database: written in one transaction, read whole or by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from policies.entries import Entry, document_key
from policies.glossary import Glossary
from policies.records import Document
from policies.tables import documents, glossary, index_state, passages
from policies.validity import Term, last_days
from storage.engine import Tx, now

STATE = "passages"
_PARAMETERS = 500  # values in one IN list: far under the limits of both databases


@dataclass(frozen=True, slots=True)
class State:
    """Which indexes are in use and how they were made."""

    recipe: str = ""
    version: int = 0
    generation: int = 0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A document that is in the database already."""

    document_key: str
    path: str
    document_id: str
    source_hash: str


def state(tx: Tx) -> State:
    """The state of the indexes; a fresh one before the first ingest."""
    row = tx.execute(sa.select(index_state).where(index_state.c.name == STATE)).first()
    return State(row.recipe, row.version, row.generation, row.busy) if row else State()


def set_state(tx: Tx, new: State) -> None:
    """Write the state of the indexes."""
    values = {"recipe": new.recipe, "version": new.version, "generation": new.generation, "busy": new.busy}
    if not tx.add(index_state, name=STATE, **values):
        tx.change(sa.update(index_state).where(index_state.c.name == STATE).values(**values))


def known(tx: Tx) -> dict[str, Known]:
    """All documents by their key."""
    query = sa.select(documents.c.document_key, documents.c.path, documents.c.document_id, documents.c.source_hash)
    rows = tx.execute(query).mappings()
    return {row["document_key"]: Known(**row) for row in rows}


def keys_of_collection(tx: Tx, collection: str) -> set[str]:
    """The keys of one collection's documents."""
    rows = tx.execute(sa.select(documents.c.document_key).where(documents.c.collection == collection))
    return set(rows.scalars())


def collections(tx: Tx) -> list[str]:
    """Every collection that has documents or words in force, in order."""
    names = set(tx.execute(sa.select(documents.c.collection).distinct()).scalars())
    return sorted(names | set(tx.execute(sa.select(glossary.c.collection).distinct()).scalars()))


def ids_elsewhere(tx: Tx, collection: str) -> dict[str, str]:
    """The ids of the documents of all other collections, each with its path."""
    query = sa.select(documents.c.document_id, documents.c.path)
    rows = tx.execute(query.where(documents.c.collection != collection, documents.c.document_id != ""))
    return {row.document_id: row.path for row in rows}


def put(tx: Tx, document: Document, collection: str, made: Sequence[Entry]) -> None:
    """Write a document with its passages, in place of an earlier version of it."""
    header = document.header
    key = document_key(collection, document.path)
    delete(tx, [key])
    tx.execute(
        sa.insert(documents).values(
            document_key=key,
            collection=collection,
            path=document.path,
            document_id=header.document_id,
            title=header.title,
            address=header.address,
            owner=header.owner,
            contact=header.contact,
            audience=sorted(header.audience),
            applies_to=dict(header.applies_to),
            language=header.language,
            effective_from=header.effective_from,
            effective_until=header.effective_until,
            supersedes=list(header.supersedes),
            authority=header.authority,
            questions=list(header.questions),
            keywords=list(header.keywords),
            kind=header.kind,
            rests_on=list(header.rests_on),
            pair=header.pair,
            source_hash=document.source_hash,
            ingested_at=now(tx),
        )
    )
    rows = [_row(entry) for entry in made]
    if rows:
        tx.execute(sa.insert(passages), rows)


def delete(tx: Tx, keys: Sequence[str]) -> int:
    """Remove documents and their passages; returns how many documents there were."""
    count = 0
    for some in _batches(keys):
        tx.change(sa.delete(passages).where(passages.c.document_key.in_(some)))
        count += tx.change(sa.delete(documents).where(documents.c.document_key.in_(some)))
    return count


def set_glossary(tx: Tx, collection: str, words: Glossary) -> None:
    """Replace the glossary of a collection."""
    tx.change(sa.delete(glossary).where(glossary.c.collection == collection))
    if words:
        rows = [{"collection": collection, "term": term, "words": list(added)} for term, added in words.items()]
        tx.execute(sa.insert(glossary), rows)


def glossary_of(tx: Tx, collection: str | None = None) -> dict[str, tuple[str, ...]]:
    """The glossary of one collection, or of all together."""
    query = sa.select(glossary).order_by(glossary.c.collection, glossary.c.term)
    if collection is not None:
        query = query.where(glossary.c.collection == collection)
    joined: dict[str, tuple[str, ...]] = {}
    for row in tx.execute(query):
        joined[row.term] = tuple(dict.fromkeys([*joined.get(row.term, ()), *row.words]))
    return joined


def ids_by_partition(tx: Tx) -> dict[str, set[str]]:
    """The passage ids that each partition must hold."""
    found: dict[str, set[str]] = {}
    for row in tx.execute(sa.select(passages.c.partition, passages.c.passage_id)):
        found.setdefault(row.partition, set()).add(row.passage_id)
    return found


def load_entries(tx: Tx, ids: Sequence[str] | None = None) -> Iterator[Entry]:
    """Passages as they are indexed: the given ones, or all."""
    query = sa.select(passages, documents.c.title, documents.c.language, documents.c.keywords).join(
        documents, documents.c.document_key == passages.c.document_key
    )
    if ids is None:
        yield from (_entry(row) for row in tx.execute(query.order_by(passages.c.document_key, passages.c.ordinal)))
        return
    for some in _batches(ids):
        yield from (_entry(row) for row in tx.execute(query.where(passages.c.passage_id.in_(some))))


def passage_rows(tx: Tx, ids: Sequence[str]) -> dict[str, sa.RowMapping]:
    """Passages with their documents' columns, by passage id; ids that are gone are missing."""
    skipped = {"document_key", "questions", "keywords"}
    columns = [column for column in documents.c if column.name not in skipped]
    query = sa.select(passages, *columns).join(documents, documents.c.document_key == passages.c.document_key)
    rows: dict[str, sa.RowMapping] = {}
    for some in _batches(ids):
        found = tx.execute(query.where(passages.c.passage_id.in_(some))).mappings()
        rows.update({row["passage_id"]: row for row in found})
    return rows


def audiences(tx: Tx) -> dict[str, frozenset[str]]:
    """Who may read each partition."""
    query = (
        sa.select(passages.c.partition, sa.func.min(passages.c.document_key).label("key"))
        .group_by(passages.c.partition)
        .subquery()
    )
    rows = tx.execute(
        sa.select(query.c.partition, documents.c.audience).join(documents, documents.c.document_key == query.c.key)
    )
    return {row.partition: frozenset(row.audience) for row in rows}


def languages(tx: Tx) -> frozenset[str]:
    """The languages there are documents in."""
    return frozenset(tx.execute(sa.select(documents.c.language).distinct()).scalars())


def terms(tx: Tx) -> list[Term]:
    """From when until when each document holds by its own words, and what it replaces."""
    columns = documents.c
    query = sa.select(columns.document_id, columns.effective_from, columns.effective_until, columns.supersedes)
    return [
        Term(row.document_id, row.effective_from, row.effective_until, tuple(row.supersedes))
        for row in tx.execute(query)
    ]


def ends(tx: Tx) -> Mapping[str, date]:
    """The last day of each document that another one replaces."""
    return last_days(terms(tx))


def matching(tx: Tx, name: str) -> list[str]:
    """Keys of the documents that are `name`, stand in the folder `name` or in the collection `name`."""
    below = documents.c.path.startswith(name.rstrip("/") + "/", autoescape=True)
    query = sa.select(documents.c.document_key).where(
        sa.or_(documents.c.path == name, below, documents.c.collection == name)
    )
    return list(tx.execute(query).scalars())


def _row(entry: Entry) -> dict[str, object]:
    return {
        "passage_id": entry.passage_id,
        "document_key": entry.document_key,
        "ordinal": entry.ordinal,
        "partition": entry.partition,
        "heading": entry.heading,
        "heading_path": list(entry.heading_path),
        "text": entry.text,
        "questions": list(entry.questions),
    }


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    values = row._mapping
    return Entry(
        values["passage_id"],
        values["document_key"],
        values["ordinal"],
        values["partition"],
        values["heading"],
        tuple(values["heading_path"]),
        values["text"],
        values["title"],
        values["language"],
        tuple(values["keywords"]),
        tuple(values["questions"]),
    )


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    items = list(keys)
    for start in range(0, len(items), _PARAMETERS):
        yield items[start : start + _PARAMETERS]


def count_passages(tx: Tx, collection: str) -> int:
    """How many passages a collection holds."""
    query = sa.select(sa.func.count()).select_from(passages.join(documents)).where(documents.c.collection == collection)
    return int(tx.execute(query).scalar_one())
