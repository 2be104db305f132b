"""What comes in is stored, with its place in the queue, in one transaction; what comes meanwhile goes into the next.

There are a few such lanes, each partition always in the same: a single one would wait for every answer of the database
in turn.

A channel that delivers again what was stored here already hears yes without the database being asked.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from actions import files
from agent import inbox
from core.events import Message
from loket.engine import Engine, Queue
from loket.group_commit import GroupCommit
from storage import Database, Tx
from storage.faultpoint import around_commit

REMEMBERED = 20_000
"""Events of which is known that they are stored: a channel sends again what it sent seconds or minutes ago."""
TOGETHER = 50
"""Messages of one transaction."""
LANES = 8
"""Transactions at a time. Fewer than a process has connections: others need some, too."""


@dataclass(slots=True)
class _Put:
    """One message on its way. `new`: it is stored, and there is something to do; `error`: it is not stored."""

    message: Message
    new: bool = False
    error: Exception | None = None


class Storing:
    """Use it on one event loop."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._lanes: Sequence[GroupCommit[_Put]] = [GroupCommit(self._write) for _ in range(LANES)]
        self._stored: OrderedDict[str, None] = OrderedDict()

    async def put(self, message: Message) -> bool:
        """Returns when it is stored; false when nothing new is to be done. Raises what the database raises."""
        if message.event_id in self._stored:
            return False
        put = _Put(message)
        await self._lanes[zlib.crc32(message.partition.encode()) % LANES].add(put)
        if put.error is not None:
            raise put.error
        self._stored[message.event_id] = None
        while len(self._stored) > REMEMBERED:
            self._stored.popitem(last=False)
        return put.new

    async def _write(self, puts: Sequence[_Put]) -> None:
        for some in _apart(puts):
            try:
                await self._database.run(partial(self._put_all, puts=some))
            except Exception as error:  # noqa: BLE001 - whoever put it hears it
                if len(some) == 1:
                    some[0].error = error
                else:  # one that cannot be stored must not keep the others out
                    await asyncio.gather(*(self._write([one]) for one in some))

    def _put_all(self, tx: Tx, puts: Sequence[_Put]) -> None:
        for put in puts:
            put.new = self._put(tx, put.message)

    def _put(self, tx: Tx, message: Message) -> bool:
        new = inbox.put(tx, files.without_places(message))
        if new:
            files.put(tx, message)
            self._engine.enlist(tx, Queue.TURNS, message.event_id, message.partition)
        around_commit(tx, "desk.put")
        return new


def _apart(puts: Sequence[_Put]) -> Iterator[list[_Put]]:
    """The same in their order, one transaction each. In none are two of one partition, whose times could be the same;
    and an edit, which may wait for a turn that ends just now, holds nobody else up.
    """
    some: list[_Put] = []
    partitions: set[str] = set()
    for put in puts:
        alone = bool(put.message.edits)
        if some and (alone or len(some) == TOGETHER or put.message.partition in partitions or some[-1].message.edits):
            yield some
            some, partitions = [], set()
        some.append(put)
        partitions.add(put.message.partition)
    if some:
        yield some
