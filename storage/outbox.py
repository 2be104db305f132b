"""The outbox: replies and notices that must be sent, written in the same transaction as the reason for them.

A *slot* is one place in a chat that is kept current: the newest item of a slot replaces the earlier post. States:
`waiting → sending → sent`, back to `waiting` after a failure, `failed` after 8 of them, `overtaken` by a newer item
of the slot. `due_at` of a `sending` item is the end of its lease: then another deliverer may try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from storage import outbox_statements as statements
from storage.engine import Tx, now
from storage.tables import outbox, text_lengths

Kind = Literal["reply", "notify"]
KINDS: tuple[Kind, ...] = ("reply", "notify")
"""Replies go to a channel; notices go to phones and mailboxes, and only the executor can send those."""
MAX_ATTEMPTS = 8
LEASE_SECONDS = 50.0  # longer than a channel call with its retries; what a dead process held leaves in a minute
CLAIM_LOCK = 0x10CE8  # any constant, other than the audit's
_LONGEST = text_lengths(outbox)


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
    """Add an item; false when its key was there already. An older unsent item of the same slot is overtaken.

    Raises ValueError for a key or slot that the column cannot hold.
    """
    slot = item.slot or item.key
    if max(len(item.key), len(slot)) > _LONGEST["key"] or not item.key:
        raise ValueError(f"an outbox key or slot has 1 to {_LONGEST['key']} characters: {item.key[:60]!r}…")
    moment = now(tx)
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
    if added and slot != item.key:  # a slot of one's own holds nothing older
        _overtake(tx, slot)
    return added


def due(tx: Tx, limit: int = 50, kinds: Sequence[Kind] = KINDS) -> list[Waiting]:
    """The items to send now, oldest first, each with the receipt of the post it replaces.

    At most one a slot: its newest, and none while another of the slot is being sent. Only looks; two deliverers
    that look at once see the same: they `claim`.
    """
    values = {"moment": now(tx), "kinds": list(kinds), "most": limit}
    rows = tx.execute(statements.DUE, values).mappings()
    return [_waiting(row) for row in rows.all()]


def claim(
    tx: Tx,
    limit: int = 50,
    lease_seconds: float = LEASE_SECONDS,
    kinds: Sequence[Kind] = KINDS,
    *,
    tidies: bool = True,
) -> list[Waiting]:
    """Take the due items for this deliverer alone; nobody else gets them, or another of their slots, in the lease.

    Commit before sending. End each with `mark_sent` or `mark_failed`; one that is neither (a crash) is due again
    when the lease ends, so that text may appear twice, and counts as a failed try. `tidies`: first end what newer
    items overtook and what took every deliverer down; now and then is enough for that.
    """
    if tx.is_postgres:  # on SQLite there is one writer anyway
        tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIM_LOCK})
    if tidies:
        _overtake(tx)
        tx.change(statements.GIVE_UP, {"moment": now(tx), "tries": MAX_ATTEMPTS})
    items = due(tx, limit, kinds)
    if not items:
        return []
    until = now(tx) + timedelta(seconds=lease_seconds)
    taken = tx.execute(statements.TAKE, {"ids": [item.outbox_id for item in items], "until": until})
    numbers = set(taken.scalars())
    return [item for item in items if item.outbox_id in numbers]


def mark_sent(tx: Tx, item: Waiting, receipt: str) -> None:
    """The channel took it. `receipt` names the post; older items of the slot that come up later are overtaken."""
    tx.change(statements.SENT, {"id": item.outbox_id, "now_receipt": _storable(receipt, "receipt")})
    if item.slot != item.key:
        _overtake(tx, item.slot)


def mark_failed(tx: Tx, item: Waiting, error: str) -> bool:
    """The channel did not take it: later again, or given up after 8 tries. Says whether it will be tried again.

    It will not when a newer item of its slot has come up meanwhile. When another deliverer has taken it since the
    lease ended, or got it through, nothing changes.
    """
    again = item.attempts + 1 < MAX_ATTEMPTS
    mine = (
        outbox.c.outbox_id == item.outbox_id,
        outbox.c.state.in_(statements.OPEN),
        outbox.c.attempts <= item.attempts + 1,
    )
    tx.change(
        sa.update(outbox)
        .where(*mine)
        .values(
            attempts=item.attempts + 1,
            state="waiting" if again else "failed",
            due_at=now(tx) + _pause(item.attempts),
            last_error=_storable(error, "last_error"),
        )
    )
    _overtake(tx, item.slot)
    state = tx.execute(sa.select(outbox.c.state).where(outbox.c.outbox_id == item.outbox_id)).scalar()
    return state in statements.OPEN


def next_due(tx: Tx, kinds: Sequence[Kind] = KINDS) -> datetime | None:
    """When a deliverer should look again: the earliest time that an item is due or a lease ends, if there is one."""
    moment: datetime | None = tx.execute(statements.NEXT_DUE, {"kinds": list(kinds)}).scalar()
    return moment


def _overtake(tx: Tx, slot: str | None = None) -> None:
    """What is older than another item of its slot, and not being sent, need not be sent any more."""
    if slot is None:
        tx.change(statements.OVERTAKE, {"moment": now(tx)})
    else:
        tx.change(statements.OVERTAKE_IN_SLOT, {"moment": now(tx), "in_slot": slot})


def _waiting(row: Mapping[Any, Any]) -> Waiting:
    return Waiting(
        row["outbox_id"],
        row["key"],
        row["slot"],
        row["kind"],
        row["destination"],
        row["payload"],
        row["attempts"],
        row["replaces"],
    )


def _storable(text: str, column: str) -> str:
    return text.replace("\0", "\ufffd")[: _LONGEST[column]]


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2**attempts, 300))
