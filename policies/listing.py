"""Documents as an admin sees them: the list of all, and one as it is kept, whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from policies import shelf
from policies.records import DocumentRecord, StoredDocument, StoredPassage
from policies.tables import documents, passages
from policies.validity import Term, last_day, status
from storage.engine import Tx, now


def records(tx: Tx) -> list[DocumentRecord]:
    """All documents in order of collection and path."""
    counted = sa.select(passages.c.document_key, sa.func.count().label("passages")).group_by(passages.c.document_key)
    counts = {row.document_key: int(row.passages) for row in tx.execute(counted)}
    last, today = shelf.ends(tx), now(tx).date()
    rows = tx.execute(sa.select(documents).order_by(documents.c.collection, documents.c.path)).all()
    return [_record(row, counts.get(row.document_key, 0), last, today) for row in rows]


def whole(tx: Tx, path: str) -> list[StoredDocument]:
    """The documents of one path, one for each collection it is in, with all their passages in order."""
    last, today = shelf.ends(tx), now(tx).date()
    rows = tx.execute(sa.select(documents).where(documents.c.path == path).order_by(documents.c.collection)).all()
    found = []
    for row in rows:
        values = row._mapping
        query = sa.select(passages).where(passages.c.document_key == values["document_key"])
        parts = tuple(
            StoredPassage(tuple(part.heading_path), part.text, tuple(part.questions))
            for part in tx.execute(query.order_by(passages.c.ordinal))
        )
        found.append(
            StoredDocument(
                _record(row, len(parts), last, today),
                parts,
                tuple(values["supersedes"]),
                tuple(values["rests_on"]),
                values["pair"],
                tuple(values["questions"]),
                tuple(values["keywords"]),
            )
        )
    return found


def _record(row: sa.Row[tuple[object, ...]], count: int, last: Mapping[str, date], today: date) -> DocumentRecord:
    values = row._mapping
    term = Term(values["document_id"], values["effective_from"], values["effective_until"])
    return DocumentRecord(
        collection=values["collection"],
        path=values["path"],
        document_id=values["document_id"],
        title=values["title"],
        owner=values["owner"],
        contact=values["contact"],
        language=values["language"],
        audience=frozenset(values["audience"]),
        authority=values["authority"],
        status=status(term, last, today),
        effective_from=values["effective_from"],
        effective_until=last_day(term, last),
        passages=count,
        ingested_at=values["ingested_at"],
        kind=values["kind"],
        applies_to=values["applies_to"],
    )
