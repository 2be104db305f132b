"""Messages that came in and wait for their turn. The event id is the key: a second delivery changes nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import sqlalchemy as sa

from agent.secrets_in_text import cover_secrets
from agent.tables import inbox, turns
from core.encoding import decode, encode
from core.events import Message
from storage import Tx, now

WAITING = "waiting"
HANDLED = "handled"


@dataclass(frozen=True, slots=True)
class Opened:
    """A message taken up. `attempts` counts this one; `handled` says its turn was committed before."""

    message: Message
    attempts: int
    handled: bool


def put(tx: Tx, message: Message) -> bool:
    """Store a message durably; false when its event id was there. Codes and typed passwords are never stored."""
    kept = dataclasses.replace(message, text=cover_secrets(message.text))
    return tx.add(
        inbox,
        event_id=message.event_id,
        partition=message.partition,
        message=encode(kept),
        received_at=now(tx),
        attempts=0,
        state=WAITING,
    )


def unhandled(tx: Tx) -> list[tuple[str, str]]:
    """The messages without a committed turn, oldest first, as (event id, partition)."""
    rows = tx.execute(
        sa.select(inbox.c.event_id, inbox.c.partition)
        .where(inbox.c.state == WAITING)
        .order_by(inbox.c.received_at, inbox.c.event_id)
    )
    return [(row.event_id, row.partition) for row in rows]


def open_message(tx: Tx, event_id: str) -> Opened:
    """Take a message up and count the attempt. Raises `KeyError` for an event that was never put."""
    row = tx.execute(sa.select(inbox).where(inbox.c.event_id == event_id)).mappings().first()
    if row is None:
        raise KeyError(event_id)
    handled = tx.execute(sa.select(turns.c.event_id).where(turns.c.event_id == event_id)).first() is not None
    if not handled:
        tx.change(sa.update(inbox).where(inbox.c.event_id == event_id).values(attempts=inbox.c.attempts + 1))
    return Opened(decode(Message, row["message"]), row["attempts"] + 1, handled)


def mark_handled(tx: Tx, event_id: str, text: str) -> None:
    """The turn is committed. `text` replaces the stored one: what the turn covered must not stay here."""
    row = tx.execute(sa.select(inbox.c.message).where(inbox.c.event_id == event_id)).scalar_one()
    tx.change(sa.update(inbox).where(inbox.c.event_id == event_id).values(state=HANDLED, message={**row, "text": text}))
