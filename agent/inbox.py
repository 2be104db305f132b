"""Messages that came in and wait for their turn. The event id is the key: a second delivery changes nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from agent.secrets_in_text import cover_secrets
from agent.tables import inbox, turns
from core.encoding import decode, encode
from core.events import Message
from core.people import Standing
from storage import Tx, now

WAITING = "waiting"
STOPPED = "stopped"
HANDLED = "handled"
OPEN = (WAITING, STOPPED)
"""The states of a message whose turn is not committed yet."""

# Building a statement costs as much as running it: those of every turn are built once.
_OPEN = (
    sa.select(inbox.c.event_id, inbox.c.message, inbox.c.received_at, inbox.c.state)
    .where(inbox.c.partition == sa.bindparam("partition"), inbox.c.state.in_(OPEN))
    .order_by(inbox.c.received_at, inbox.c.event_id)
)
_OPEN_LOCKED = _OPEN.with_for_update()
_ONE = (
    sa.select(inbox.c.message, inbox.c.attempts, inbox.c.state, turns.c.event_id.label("turn"))
    .select_from(inbox.outerjoin(turns, turns.c.event_id == inbox.c.event_id))
    .where(inbox.c.event_id == sa.bindparam("event_id"))
)
_THIS = inbox.c.event_id == sa.bindparam("id")
_ATTEMPT = sa.update(inbox).where(_THIS).values(attempts=inbox.c.attempts + 1)
_STOPPED = sa.update(inbox).where(_THIS, inbox.c.state == WAITING).values(state=STOPPED)
_HANDLED = sa.update(inbox).where(_THIS).values(state=HANDLED)
_HANDLED_COVERED = _HANDLED.values(message=sa.bindparam("covered", type_=inbox.c.message.type))


@dataclass(frozen=True, slots=True)
class Opened:
    """A message taken up. `attempts` counts this one; `handled` says its turn was committed before."""

    message: Message
    attempts: int
    handled: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message without a committed turn. `stopped`: its turn ends without an answer."""

    message: Message
    received_at: datetime
    stopped: bool


def put(tx: Tx, message: Message) -> bool:
    """Store a message durably; false when nothing new is to be done: its event id was there, or it is an edit of a
    message that still waits and is answered in its new words. Codes and typed passwords are never stored.
    """
    kept = dataclasses.replace(message, text=cover_secrets(message.text))
    added = tx.add(
        inbox,
        event_id=message.event_id,
        partition=message.partition,
        message=encode(kept),
        received_at=now(tx),
        attempts=0,
        state=WAITING,
    )
    # First the id, then the edit: an edit that is delivered again must not undo a later one.
    if not added or not message.edits or not _edited(tx, kept):
        return added
    mark_handled(tx, message.event_id, "")  # the words stand with the message they belong to
    return False


def _edited(tx: Tx, edit: Message) -> bool:
    """Put the new words in the place of the old while those wait. True when that, or no change at all, was all.

    A message that was answered already is not answered in new words by itself: the edit is then a message like any
    other, once. Its own later edits find it here.
    """
    rows = tx.execute(
        sa.select(inbox.c.event_id, inbox.c.message, inbox.c.state)
        .where(inbox.c.partition == edit.partition)
        .where(inbox.c.event_id != edit.event_id)
        .where(sa.or_(inbox.c.event_id == edit.edits, inbox.c.message["edits"].as_string() == edit.edits))
        .order_by(inbox.c.received_at, inbox.c.event_id)
        .with_for_update()
    ).all()
    known = [row for row in rows if row.message["text"] or row.event_id == edit.edits]
    if not known:
        return False
    last = known[-1]
    if last.message.get("standing", Standing.MEMBER) != edit.standing:
        return False  # who may be answered has changed meanwhile: a message of its own, that is looked at by itself
    if last.state == WAITING:
        files = encode(edit)["files"] or last.message.get("files", [])
        changed = {**last.message, "text": edit.text, "files": files}
        tx.change(sa.update(inbox).where(inbox.c.event_id == last.event_id).values(message=changed))
        return True
    return bool(last.message["text"] == edit.text)


def open_in(tx: Tx, partition: str, *, locked: bool = False) -> list[Waiting]:
    """The messages of a partition without a committed turn, oldest first. `locked`: nobody changes them meanwhile."""
    rows = tx.execute(_OPEN_LOCKED if locked else _OPEN, {"partition": partition}).all()
    return [Waiting(decode(Message, row.message), row.received_at, row.state == STOPPED) for row in rows]


def open_from(tx: Tx, first: Message, *, locked: bool = False) -> list[Waiting]:
    """The same from one message on."""
    found = open_in(tx, first.partition, locked=locked)
    start = next((at for at, one in enumerate(found) if one.message.event_id == first.event_id), len(found))
    return found[start:]


def mark_stopped(tx: Tx, event_id: str) -> bool:
    """No answer to this message is wanted any more; false when it is not waiting."""
    return tx.change(_STOPPED, {"id": event_id}) == 1


def is_stopped(tx: Tx, event_id: str) -> bool:
    """Whether somebody stopped this message."""
    row = tx.execute(_ONE, {"event_id": event_id}).mappings().first()
    return row is not None and row["state"] == STOPPED


def unhandled(tx: Tx, older_than: timedelta = timedelta(0), limit: int = 200) -> list[tuple[str, str]]:
    """Messages without a committed turn that came longer ago than this, oldest first, as (event id, partition)."""
    rows = tx.execute(
        sa.select(inbox.c.event_id, inbox.c.partition)
        .where(inbox.c.state.in_(OPEN), inbox.c.received_at <= now(tx) - older_than)
        .order_by(inbox.c.received_at, inbox.c.event_id)
        .limit(limit)
    )
    return [(row.event_id, row.partition) for row in rows]


def open_message(tx: Tx, event_id: str) -> Opened:
    """Take a message up and count the attempt. Raises `KeyError` for an event that was never put."""
    row = tx.execute(_ONE, {"event_id": event_id}).mappings().first()
    if row is None:
        raise KeyError(event_id)
    handled = row["turn"] is not None or row["state"] == HANDLED  # with another message's turn, or as an edit
    if not handled:
        tx.change(_ATTEMPT, {"id": event_id})
    return Opened(decode(Message, row["message"]), row["attempts"] + 1, handled)


def mark_handled(tx: Tx, event_id: str, text: str | None) -> None:
    """The turn is committed. `text` replaces the stored one: what the turn covered must not stay here. Where no word is
    kept, no file's name and no filled form is either.
    """
    if text is None:
        tx.change(_HANDLED, {"id": event_id})
        return
    row = tx.execute(_ONE, {"event_id": event_id}).mappings().one()
    nameless: dict[str, object] = {} if text else {"files": [], "form": None}
    tx.change(_HANDLED_COVERED, {"id": event_id, "covered": {**row["message"], "text": text, **nameless}})
