"""One regular look at all that waits: what is due expires, is reminded or passed on, and what should move is woken.

`due_at` of a row says when it has to be looked at next, and is empty for what is over: the look costs what is due,
not what waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import sqlalchemy as sa
import structlog

from actions import attaching, codes, envelopes, ledger
from actions.doubt import clear_up
from actions.flow import touch
from actions.parts import GateParts
from actions.records import Action, State
from actions.tables import actions
from actions.waiting import expire, look
from core.errors import LoketError
from storage import Tx, now
from storage.faultpoint import around_commit, reached

PAGE = 100
"""Rows that are read at once."""
WAKE_AT_ONCE = 500
"""Approved actions that are woken in one look, those first whose time runs out first."""
log = structlog.get_logger("sweep")


async def sweep(parts: GateParts) -> None:
    """See `Gate.sweep`. Safe at any time, any number of times, in several processes."""
    reached("sweep.before_wake")
    for action_id in await parts.database.read(_to_wake):  # first: a thousand reminders must not hold up one effect
        parts.wake(action_id)
    async for action in _due(parts):
        await _one(parts, action)
    if await parts.database.read(envelopes.any_expired):
        await parts.database.run(envelopes.forget_expired)


async def _due(parts: GateParts) -> AsyncIterator[Action]:
    """Everything that is due at the beginning of this sweep, oldest first, a page at a time."""
    until = await parts.database.read(now)
    after: Action | None = None
    while page := await parts.database.read(partial(ledger.due, until=until, after=after, limit=PAGE)):
        for action in page:
            yield action
        after = page[-1]


async def _one(parts: GateParts, action: Action) -> None:
    """Whatever goes wrong with one action must not keep the sweep from the others."""
    try:
        match action.state:
            case State.AWAITING_CONFIRMATION | State.AWAITING_PROOF | State.APPROVED:
                await expire(parts, action)
            case State.AWAITING_APPROVAL:
                await look(parts, action)
            case State.EXECUTING:
                parts.wake(action.action_id)
            case State.UNKNOWN:
                await clear_up(parts, action)
            case _:
                log.warning("over_and_due", action_id=action.action_id, state=action.state.value)
    except LoketError as error:
        log.warning("sweep_one_failed", action_id=action.action_id, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - see above; the next sweep tries it again
        log.error("sweep_one_crashed", action_id=action.action_id, error=type(error).__name__)


def _to_wake(tx: Tx) -> list[str]:
    """Approved ones, those with a secret to make or to send, and those with a file to attach."""
    approved = tx.execute(
        sa.select(actions.c.action_id, actions.c.due_at).where(ledger.in_states([State.APPROVED])).limit(WAKE_AT_ONCE)
    ).all()
    oldest_first = sorted(approved, key=lambda row: (row.due_at is not None, row.due_at))
    return list(
        dict.fromkeys(
            [
                *(row.action_id for row in oldest_first),
                *envelopes.unfinished(tx),
                *codes.lacking(tx),
                *attaching.due(tx),
            ]
        )
    )


async def take_up(parts: GateParts, *, alone: bool) -> None:
    """At the start: what is in doubt is looked at again, also where the tool has learnt to look since.

    `alone`: nobody else executes, so whoever was executing is gone, and each such action is looked at now.
    """

    def mark(tx: Tx) -> list[str]:
        doubtful = sa.and_(ledger.in_states([State.UNKNOWN]), actions.c.due_at.is_(None))
        tx.change(sa.update(actions).where(doubtful).values(due_at=now(tx), version=actions.c.version + 1))
        around_commit(tx, "take_up")
        if not alone:
            return []
        orphans = ledger.select(tx, ledger.in_states([State.EXECUTING]))
        return [touch(tx, action, due_at=now(tx)).action_id for action in orphans]

    for action_id in await parts.database.run(mark):
        parts.wake(action_id)
