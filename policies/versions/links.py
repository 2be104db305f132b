"""What documents say of each other: replacements in a circle, and answers that rest on what is not there."""

from __future__ import annotations

import sqlalchemy as sa

from policies import shelf
from policies.records import ANSWER, Problem
from policies.tables import documents
from policies.validity import loops
from storage.engine import Tx


def problems(tx: Tx, collection: str) -> list[Problem]:
    """A sentence for each document of the collection whose ties to others are wrong. They stay in use."""
    known = shelf.known(tx)
    ids = {entry.document_id for entry in known.values() if entry.document_id}
    circle = loops(shelf.terms(tx))
    rows = tx.execute(sa.select(documents).where(documents.c.collection == collection).order_by(documents.c.path))
    found: list[Problem] = []
    for row in rows:
        if row.document_id in circle:
            sentence = "replaces a document that replaces it; none of them is in force. Mend `supersedes`."
            found.append(Problem(row.path, sentence))
        if row.kind == ANSWER:
            named = [*row.rests_on, *([row.pair] if row.pair else [])]
            found += [
                Problem(row.path, f"names {name!r}, and there is no document of that id.")
                for name in named
                if name not in ids
            ]
    return found
