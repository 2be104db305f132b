"""Reading the chain in order, a little at a time, from any number on; and waiting for what comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from actions.tables import actions
from storage import Database, Tx
from storage.tables import audit, audit_payload

BATCH = 500
ACTION = "action:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the chain. `at` is UTC.

    `tool`, `person` and `about_account` are what the ledger says of the action it is about; empty for other rows.
    `payload` is None where it is not asked for or was erased.
    """

    seq: int
    at: datetime
    actor: str
    verb: str
    object: str
    result: str
    origin: str
    request: str
    policy: str
    payload_hash: str
    previous: str
    hash: str
    tool: str = ""
    person: str = ""
    about_account: bool = False
    payload: Mapping[str, str] | None = None


def entries(
    database: Database,
    since: int = 0,
    until: int | None = None,
    *,
    with_payload: bool = False,
    pause: Callable[[], bool] | None = None,
) -> Iterator[Entry]:
    """The rows after number `since`, up to and with `until`, in order, without a gap. Blocking.

    `pause` is called when there is nothing more: it waits and says whether to look again; without it that is the end.
    Numbers are given out under a lock that is held until the commit, so no row ever appears behind a later one.
    """
    while until is None or since < until:
        batch = _read(database, since, until, with_payload=with_payload)
        yield from batch
        if batch:
            since = batch[-1].seq
        elif pause is None or not pause():
            return


def every(seconds: float) -> Callable[[], bool]:
    """A `pause` for ever."""

    def pause() -> bool:
        time.sleep(seconds)
        return True

    return pause


def _read(database: Database, since: int, until: int | None, *, with_payload: bool) -> list[Entry]:
    wanted = (
        sa.select(audit, actions.c.tool, actions.c.subject_id, actions.c.account_id.is_not(None).label("about_account"))
        .outerjoin(
            actions,
            sa.and_(
                audit.c.object.startswith(ACTION),
                actions.c.action_id == sa.func.substr(audit.c.object, len(ACTION) + 1),
            ),
        )
        .where(audit.c.seq > since)
        .order_by(audit.c.seq)
        .limit(BATCH)
    )
    if until is not None:
        wanted = wanted.where(audit.c.seq <= until)
    if with_payload:
        wanted = wanted.add_columns(audit_payload.c.payload).outerjoin(
            audit_payload, audit_payload.c.seq == audit.c.seq
        )
    with database.reading() as tx:
        return _entries(tx, wanted, with_payload=with_payload)


def _entries(tx: Tx, wanted: sa.Select[tuple[object, ...]], *, with_payload: bool) -> list[Entry]:
    return [
        Entry(
            seq=row.seq,
            at=datetime.fromisoformat(row.at),
            actor=row.actor,
            verb=row.verb,
            object=row.object,
            result=row.result,
            origin=row.origin,
            request=row.request,
            policy=row.policy,
            payload_hash=row.payload_hash,
            previous=row.previous,
            hash=row.hash,
            tool=row.tool or "",
            person=row.subject_id or "",
            about_account=bool(row.about_account),
            payload=row.payload if with_payload else None,
        )
        for row in tx.execute(wanted)
    ]
