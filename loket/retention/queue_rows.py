"""Finished work of the queue, by person: DBOS's tables hold ids only, but the partition of a turn names who talks."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from loket.engine import Queue
from loket.engine.dbos_runtime import OVER
from loket.retention.person import Person, in_parts
from storage import Database, Tx

_FINISHED = sa.text("SELECT workflow_uuid FROM dbos.workflow_status WHERE status = ANY(:over)")
_DELETE = sa.text("DELETE FROM dbos.workflow_status WHERE workflow_uuid = ANY(:ids)")
_OF_A_WORKFLOW = ("workflow_input", "workflow_output", "workflow_status")
_THERE = sa.text("SELECT to_regclass('dbos.workflow_status')")


async def forget_in_postgres(database: Database, person: Person) -> int:
    """Delete the finished work of this person's events and actions; returns how many pieces."""

    def forget(tx: Tx) -> int:
        if tx.execute(_THERE).scalar() is None:
            return 0
        ids = _theirs(person, tx.execute(_FINISHED, {"over": list(OVER)}).scalars())
        for some in in_parts(ids):
            tx.execute(_DELETE, {"ids": some})
        return len(ids)

    return await database.run(forget)


def forget_in_file(file: Path, person: Person) -> int:
    """The same in the queue of the embedded form, where the freed pages are overwritten as well. Blocking."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA foreign_keys=ON")
        marks = ", ".join("?" for _ in OVER)
        rows = connection.execute(f"SELECT workflow_uuid FROM workflow_status WHERE status IN ({marks})", OVER)
        ids = _theirs(person, (uuid for (uuid,) in rows.fetchall()))
        for table in _OF_A_WORKFLOW:  # no key ties them together: each is emptied by itself
            connection.executemany(f"DELETE FROM {table} WHERE workflow_uuid = ?", [(uuid,) for uuid in ids])
        connection.commit()
        connection.execute("VACUUM")  # what DBOS itself freed earlier was not overwritten
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(ids)


def _theirs(person: Person, uuids: Iterable[str]) -> Collection[str]:
    """Of these workflow ids (`turns:<event>`, `actions:<action>#<again>`) those of the person."""
    work = {f"{Queue.TURNS}:{event}" for event in person.events}
    work |= {f"{Queue.ACTIONS}:{action}" for action in person.actions}
    return [uuid for uuid in uuids if uuid.partition("#")[0] in work]
