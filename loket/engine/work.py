"""Handing work in, out and back, over all processes that share a Postgres: each step is one statement.

Nobody waits for anybody: who finds a row locked passes it over and looks again later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from loket.engine import Queue
from storage import Tx

_PUT = sa.text(
    "INSERT INTO work (queue, work_id, partition) VALUES (:queue, :work_id, :partition)"
    " ON CONFLICT (queue, work_id) DO UPDATE SET again = true WHERE work.worker <> ''"
)
_PUT_IF_IDLE = sa.text(
    "INSERT INTO work (queue, work_id, partition)"
    " SELECT CAST(:queue AS varchar), CAST(:work_id AS varchar), CAST(:partition AS varchar)"
    " WHERE NOT EXISTS (SELECT 1 FROM work WHERE queue = :queue AND partition = :partition)"
    " ON CONFLICT DO NOTHING"
)
# The oldest of each partition, where nothing of that partition runs.
_TAKE = sa.text(
    "WITH next AS ("
    " SELECT place FROM work AS one WHERE queue = :queue AND worker = '' AND NOT EXISTS ("
    "  SELECT 1 FROM work AS other WHERE other.queue = one.queue AND other.partition = one.partition"
    "  AND (other.place < one.place OR other.worker <> ''))"
    " ORDER BY place LIMIT :most FOR UPDATE SKIP LOCKED)"
    " UPDATE work SET worker = :worker, claim = claim + 1 FROM next WHERE work.place = next.place"
    " RETURNING work.place, work.claim, work.work_id"
)
_MINE = "unnest(CAST(:places AS bigint[]), CAST(:claims AS integer[])) AS mine (place, claim)"
_STILL_MINE = "work.place = mine.place AND work.claim = mine.claim AND work.worker = :worker"
_END = sa.text(f"DELETE FROM work USING {_MINE} WHERE {_STILL_MINE} AND NOT again")
_RETURN = sa.text(f"UPDATE work SET worker = '', again = false FROM {_MINE} WHERE {_STILL_MINE}")
# Not `living`: NULL, where only what is one's own is asked for, compares with nothing.
_FREE = sa.text(
    "WITH lost AS (SELECT place FROM work WHERE worker <> '' AND ("
    " (worker = :worker AND NOT (place = ANY(CAST(:held AS bigint[]))))"
    " OR (worker <> :worker AND NOT (worker = ANY(CAST(:living AS varchar[])))))"
    " FOR UPDATE SKIP LOCKED)"
    " UPDATE work SET worker = '', again = false FROM lost WHERE work.place = lost.place"
)
_LEFT = sa.text("SELECT 1 FROM work LIMIT 1")


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work that a process has: the `number`th time that it was handed out."""

    queue: Queue
    work_id: str
    place: int
    number: int

    @property
    def mark(self) -> str:
        """What no other claim has, ever."""
        return f"{self.place}.{self.number}"


def put(tx: Tx, queue: Queue, work_id: str, partition: str, *, if_idle: bool = False) -> None:
    """Hand an id in. What waits already is the same piece of work; what runs is run once more afterwards.

    `if_idle`: only when nothing of its partition waits or runs.
    """
    values = {"queue": queue.value, "work_id": work_id, "partition": partition}
    tx.execute(_PUT_IF_IDLE if if_idle else _PUT, values)


def take(tx: Tx, worker: str, queue: Queue, most: int) -> list[Claim]:
    """Take what may begin, oldest first: no more than so many, one of a partition, none of a partition that is busy."""
    rows = tx.execute(_TAKE, {"worker": worker, "queue": queue.value, "most": most}).all()
    return [Claim(queue, row.work_id, row.place, row.claim) for row in sorted(rows, key=lambda row: row.place)]


def end(tx: Tx, worker: str, done: Sequence[Claim], undone: Sequence[Claim]) -> None:
    """What is done is gone, unless it was handed in again meanwhile; what is undone waits again, at its old place.

    What another process has by now is left alone.
    """
    returned = list(undone)
    if done and tx.change(_END, {"worker": worker, **_places(done)}) < len(done):
        returned += done
    if returned:
        tx.change(_RETURN, {"worker": worker, **_places(returned)})


def free(tx: Tx, worker: str, held: Collection[Claim], living: frozenset[str] | None) -> int:
    """Let wait again what is marked as the worker's but not held, and what those have who are not among the living.

    None: only the worker's own. Says how many. What a process is about to change is left to the next time.
    """
    names = None if living is None else sorted(living)
    return tx.change(_FREE, {"worker": worker, "held": [one.place for one in held], "living": names})


def anything_left(tx: Tx) -> bool:
    """Whether anything waits or runs anywhere."""
    return tx.execute(_LEFT).first() is not None


def _places(claims: Sequence[Claim]) -> dict[str, list[int]]:
    return {"places": [one.place for one in claims], "claims": [one.number for one in claims]}
