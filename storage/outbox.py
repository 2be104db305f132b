"""What must leave the house, written in the same transaction as the reason for it.

A *slot* is one place in a chat that is kept current: the newest item of a slot replaces the earlier post.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from storage.engine import Tx, now
from storage.tables import outbox

Kind = Literal["reply", "notify"]
MAX_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One thing to deliver. `key` makes it unique for ever; `slot` (default: the key) is what it replaces."""

    key: str
    kind: Kind
    destination: Mapping[str, Any]
    payload: Mapping[str, Any]
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item due for delivery. `receipt` is the post it replaces, when an earlier one of its slot was sent."""

    outbox_id: int
    key: str
    slot: str
    kind: str
    destination: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    receipt: str | None = None


def put(tx: Tx, item: OutboxItem) -> bool:
    """Add an item; false when its key was there already. An older unsent item of the same slot is overtaken."""
    moment = now(tx)
    slot = item.slot or item.key
    added = tx.add(
        outbox,
        key=item.key,
        slot=slot,
        kind=item.kind,
        destination=dict(item.destination),
        payload=dict(item.payload),
        created_at=moment,
        due_at=moment,
        attempts=0,
        state="waiting",
    )
    if added and slot != item.key:
        tx.change(
            sa.update(outbox)
            .where(outbox.c.slot == slot, outbox.c.key != item.key, outbox.c.state == "waiting")
            .values(state="overtaken")
        )
    return added


def due(tx: Tx, limit: int = 50) -> list[Waiting]:
    """The items to send now, oldest first, each with the receipt of the post it replaces."""
    rows = tx.execute(
        sa.select(outbox)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= now(tx))
        .order_by(outbox.c.outbox_id)
        .limit(limit)
    ).mappings()
    return [
        Waiting(
            row["outbox_id"],
            row["key"],
            row["slot"],
            row["kind"],
            row["destination"],
            row["payload"],
            row["attempts"],
            _receipt(tx, row["slot"]),
        )
        for row in rows.all()
    ]


def mark_sent(tx: Tx, outbox_id: int, receipt: str) -> None:
    """The channel took it."""
    tx.change(
        sa.update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(state="sent", receipt=receipt, last_error=None)
    )


def mark_failed(tx: Tx, item: Waiting, error: str) -> bool:
    """The channel did not take it: later again, or given up after 8 tries. Says whether it will be tried again."""
    again = item.attempts + 1 < MAX_ATTEMPTS
    tx.change(
        sa.update(outbox)
        .where(outbox.c.outbox_id == item.outbox_id)
        .values(
            attempts=item.attempts + 1,
            state="waiting" if again else "failed",
            due_at=now(tx) + _pause(item.attempts),
            last_error=error[:300],
        )
    )
    return again


def next_due(tx: Tx) -> datetime | None:
    """When the earliest waiting item is due, if there is one."""
    moment: datetime | None = tx.execute(
        sa.select(sa.func.min(outbox.c.due_at, type_=outbox.c.due_at.type)).where(outbox.c.state == "waiting")
    ).scalar()
    return moment


def _receipt(tx: Tx, slot: str) -> str | None:
    receipt: str | None = tx.execute(
        sa.select(outbox.c.receipt)
        .where(outbox.c.slot == slot, outbox.c.state == "sent")
        .order_by(outbox.c.outbox_id.desc())
        .limit(1)
    ).scalar()
    return receipt


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2**attempts, 300))
