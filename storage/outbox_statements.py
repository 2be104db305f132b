"""The outbox's statements, each built once: building one costs as much as running it, and every reply runs six.

Values: `moment` (the time there), `kinds`, `most`, `ids`, `slot`, `until` (the end of a lease).
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables import outbox

OPEN = ("waiting", "sending")

_moment = sa.bindparam("moment", type_=outbox.c.due_at.type)
_until = sa.bindparam("until", type_=outbox.c.due_at.type)
_kinds: sa.BindParameter[list[str]] = sa.bindparam("kinds", expanding=True)
_mine, _other = outbox.alias("mine"), outbox.alias("other")

_receipt = (
    sa.select(_other.c.receipt)
    .where(_other.c.slot == _mine.c.slot, _other.c.state == "sent")
    .order_by(_other.c.outbox_id.desc())
    .limit(1)
    .scalar_subquery()
)
_in_the_way = sa.exists().where(
    _other.c.slot == _mine.c.slot,
    _other.c.outbox_id != _mine.c.outbox_id,
    sa.or_(
        sa.and_(_other.c.state == "sending", _other.c.due_at > _moment),
        sa.and_(_other.c.state.in_((*OPEN, "sent")), _other.c.outbox_id > _mine.c.outbox_id),
    ),
)
DUE = (
    sa.select(_mine, _receipt.label("replaces"))
    .where(_mine.c.state.in_(OPEN), _mine.c.due_at <= _moment, _mine.c.kind.in_(_kinds), ~_in_the_way)
    .order_by(_mine.c.outbox_id)
    .limit(sa.bindparam("most"))
)
"""Items to send now: at most one a slot, its newest, and none while another of the slot is being sent."""

_held = sa.exists().where(_other.c.slot == _mine.c.slot, _other.c.state == "sending", _mine.c.state == "waiting")
NEXT_DUE = sa.select(sa.func.min(_mine.c.due_at, type_=outbox.c.due_at.type)).where(
    _mine.c.state.in_(OPEN), _mine.c.kind.in_(_kinds), ~_held
)
"""When the next item is due or a lease ends."""


def _update_free(*where: sa.ColumnElement[bool]) -> sa.Update:
    """An UPDATE of the rows that nobody else holds: passing over the others, the outbox never causes a deadlock."""
    free = sa.select(outbox.c.outbox_id).where(*where).with_for_update(skip_locked=True, of=outbox)
    return sa.update(outbox).where(outbox.c.outbox_id.in_(free))


TAKE = (
    _update_free(outbox.c.outbox_id.in_(sa.bindparam("ids", expanding=True)), outbox.c.state.in_(OPEN))
    .values(state="sending", attempts=outbox.c.attempts + 1, due_at=_until)
    .returning(outbox.c.outbox_id)
)
"""These items are this deliverer's until the lease ends."""

_newer = outbox.alias("newer")
_later = sa.exists().where(
    _newer.c.slot == outbox.c.slot,
    _newer.c.outbox_id > outbox.c.outbox_id,
    _newer.c.state.in_((*OPEN, "sent")),
)
_lease_ended = sa.and_(outbox.c.state == "sending", outbox.c.due_at <= _moment)
_idle = sa.or_(outbox.c.state == "waiting", _lease_ended)
OVERTAKE = _update_free(_idle, _later).values(state="overtaken")
"""What is older than another item of its slot, and not being sent, need not be sent any more."""
OVERTAKE_IN_SLOT = _update_free(outbox.c.slot == sa.bindparam("in_slot"), _idle, _later).values(state="overtaken")
"""The same in one slot."""

GIVE_UP = _update_free(_lease_ended, outbox.c.attempts >= sa.bindparam("tries")).values(
    state="failed", last_error="every deliverer that tried it stopped without a word"
)
"""What took so many deliverers down is not sent again."""

SENT = (
    sa.update(outbox)
    .where(outbox.c.outbox_id == sa.bindparam("id"))
    .values(state="sent", receipt=sa.bindparam("now_receipt"), last_error=None)
)
"""The channel took it."""
