"""Planted bugs of the door, the turn, the outbox, the queue and the audit chain."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa


def acknowledged_too_soon() -> None:
    """The door says yes, and stores the event a moment later."""
    from loket.desk.desk import CounterDesk

    receive = CounterDesk.receive
    later: set[asyncio.Task[None]] = set()

    async def at_once(self: Any, message: Any) -> None:
        async def soon() -> None:
            await asyncio.sleep(0.5)
            await receive(self, message)

        task = asyncio.get_running_loop().create_task(soon())
        later.add(task)
        task.add_done_callback(later.discard)

    CounterDesk.receive = at_once  # type: ignore[method-assign]


def outbox_outside() -> None:
    """The answer is put into the outbox in a transaction of its own, just after the turn."""
    from agent import record

    post = record._post

    def afterwards(tx: Any, asked: Any, replies: Any) -> None:
        engine, offset = tx.connection.engine, tx.clock_offset

        def write() -> None:
            from storage.engine import Tx

            with engine.begin() as connection:
                post(Tx(connection, offset), asked, replies)

        tx.after_commit.append(lambda: threading.Timer(0.2, write).start())

    record._post = afterwards


def marked_before_sent() -> None:
    """An item counts as sent before it was."""
    from loket.delivery.delivery import Delivery
    from storage import outbox

    deliver = Delivery._deliver

    async def marking(self: Any, item: Any) -> bool:
        await self._database.run(lambda tx: outbox.mark_sent(tx, item, ""))
        return await deliver(self, item)

    Delivery._deliver = marking  # type: ignore[method-assign]


def queue_forgets() -> None:
    """An event is stored and never queued, and nobody looks for it."""
    from loket.engine.dbos_postgres import PostgresEngine
    from loket.engine.dbos_sqlite import SqliteEngine

    for engine in (SqliteEngine, PostgresEngine):
        engine.enlist = lambda *_: None  # type: ignore[method-assign]
        engine.recall = lambda *_: None  # type: ignore[method-assign]


def duplicate_accepted() -> None:
    """An event that comes again is another event."""
    from loket.desk.desk import CounterDesk

    put, seen = CounterDesk._put, set[str]()

    def anew(self: Any, tx: Any, message: Any) -> bool:
        if message.event_id in seen:
            message = replace(message, event_id=f"{message.event_id}-{uuid.uuid4().hex[:6]}")
        seen.add(message.event_id)
        return put(self, tx, message)

    CounterDesk._put = anew  # type: ignore[method-assign]


def turn_key_random() -> None:
    """A turn is filed under a key of its own."""
    from agent import record

    row = record._turn_row
    record._turn_row = lambda *a: {**row(*a), "event_id": f"door:local:{uuid.uuid4()}"}


def audit_row_changed() -> None:
    """Somebody rewrites a row of the chain."""
    from storage import audit
    from storage.tables import audit as table

    append = audit._append_one

    def rewriting(tx: Any, seq: int, previous: str, moment: Any, entry: Any) -> str:
        made = append(tx, seq, previous, moment, entry)
        if entry.verb == "action.executing":
            for (name,) in tx.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                tx.execute(sa.text(f'DROP TRIGGER "{name}"'))
            tx.execute(sa.update(table).where(table.c.seq == seq).values(actor="system:nobody"))
        return made

    audit._append_one = rewriting


SERVICE_BUGS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        acknowledged_too_soon,
        outbox_outside,
        marked_before_sent,
        queue_forgets,
        duplicate_accepted,
        turn_key_random,
        audit_row_changed,
    )
}
