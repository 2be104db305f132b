"""Applying a rule: the oldest rows first, a few in each transaction, passing over what somebody else holds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from actions.flow import HOLDS_SUBJECT
from actions.tables import actions
from agent.tables import inbox
from loket.retention.covering import cover_actions, cover_events, is_over
from loket.retention.rules import COVER, Periods, Rule
from storage import Database, Tx, now
from storage.erase import erase_rows, old_payload
from storage.faultpoint import reached

Key = tuple[Any, ...]
ACTOR = "system:retention"
PAGE = 100
"""How many batches are looked up at once."""


async def apply(database: Database, rule: Rule, size: int, *, dry: bool = False) -> int:
    """Apply one rule until nothing is left to do; returns how many rows it was. `dry`: only count them.

    The rows are looked up in a transaction that only reads, so that looking holds nobody up.
    """
    keys = tuple(rule.table.primary_key.columns)
    return await _in_batches(
        database,
        size,
        lambda tx, limit: _oldest(tx, rule, limit),
        lambda tx, found: _remove(tx, rule, keys, found),
        dry,
    )


async def cover_old_actions(database: Database, periods: Periods, size: int, *, dry: bool = False) -> int:
    """Take the words out of actions that are over and old; their rows stay."""

    def oldest(tx: Tx, limit: int) -> list[Key]:
        before = _cutoff(tx, actions.c.created_at, periods.actions)
        worded = sa.and_(is_over(), actions.c.created_at < before, actions.c.title != COVER)
        return _keys(tx, sa.select(actions.c.action_id).where(worded).order_by(actions.c.created_at).limit(limit))

    def cover(tx: Tx, found: Sequence[Key]) -> int:
        return cover_actions(tx, [key for (key,) in found])

    return await _in_batches(database, size, oldest, cover, dry)


async def cover_old_events(database: Database, periods: Periods, size: int, *, dry: bool = False) -> int:
    """Forget who wrote what in old handled events; needed where text goes before the event's id does."""

    def oldest(tx: Tx, limit: int) -> list[Key]:
        before = _cutoff(tx, inbox.c.received_at, periods.text)
        worded = sa.and_(inbox.c.state == "handled", inbox.c.received_at < before, inbox.c.partition != COVER)
        return _keys(tx, sa.select(inbox.c.event_id).where(worded).order_by(inbox.c.received_at).limit(limit))

    def cover(tx: Tx, found: Sequence[Key]) -> int:
        return cover_events(tx, [key for (key,) in found])

    return await _in_batches(database, size, oldest, cover, dry)


async def erase_old_payload(database: Database, periods: Periods, size: int, *, dry: bool = False) -> int:
    """Erase old personal payload of the audit; each batch leaves an audit row that lists what went."""

    def oldest(tx: Tx, limit: int) -> list[Key]:
        return [(seq,) for seq in old_payload(tx, _cutoff(tx, None, periods.audit_payload), limit)]

    def erase(tx: Tx, found: Sequence[Key]) -> int:
        return erase_rows(tx, [seq for (seq,) in found], ACTOR)

    return await _in_batches(database, size, oldest, erase, dry)


async def _in_batches(
    database: Database,
    size: int,
    look: Callable[[Tx, int], list[Key]],
    remove: Callable[[Tx, Sequence[Key]], int],
    dry: bool,
) -> int:
    """Look a page up, remove it batch by batch, look again. Ends when all that is left is held by somebody else."""
    if dry:
        return len(await database.read(lambda tx: look(tx, 10**9)))
    done = 0
    while found := await database.read(lambda tx: look(tx, size * PAGE)):
        before = done
        for start in range(0, len(found), size):
            batch = found[start : start + size]
            reached("prune.before_batch")
            done += await database.run(lambda tx, batch=batch: remove(tx, batch))  # type: ignore[misc]
            reached("prune.after_batch")
        if done == before:
            break
    return done


def _oldest(tx: Tx, rule: Rule, limit: int) -> list[Key]:
    """The keys of rows that are too old, oldest first, without the cards of actions that are not over."""
    keys = tuple(rule.table.primary_key.columns)
    wanted = sa.select(*keys).where(rule.clock < _cutoff(tx, rule.clock, rule.days)).order_by(rule.clock, *keys)
    if rule.only is not None:
        wanted = wanted.where(rule.only)
    if rule.cards is None:
        return _keys(tx, wanted.limit(limit))
    needed = _not_over(tx)
    drawn = tx.execute(wanted.add_columns(rule.cards.label("drawn")).execution_options(yield_per=1000))
    free: Iterable[Key] = (tuple(row[:-1]) for row in drawn if _action_of(row.drawn) not in needed)
    return list(itertools.islice(free, limit))


def _remove(tx: Tx, rule: Rule, keys: Sequence[sa.Column[Any]], found: Sequence[Key]) -> int:
    """Delete or cover these rows, if they still are as they were found and nobody else holds them."""
    key = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    chosen = [value for (value,) in found] if len(keys) == 1 else list(found)
    free = sa.select(*keys).where(key.in_(chosen), rule.clock < _cutoff(tx, rule.clock, rule.days))
    if rule.only is not None:
        free = free.where(rule.only)
    free = free.with_for_update(skip_locked=True, of=rule.table)
    if rule.becomes == "covered":
        return tx.change(sa.update(rule.table).where(key.in_(free)).values(dict(rule.covers)))
    return tx.change(sa.delete(rule.table).where(key.in_(free)))


def _cutoff(tx: Tx, clock: sa.Column[Any] | None, days: int) -> Any:
    """What is before this is too old: a moment, or a day for a clock that counts in days."""
    moment: datetime = now(tx) - timedelta(days=days)
    day: date = moment.date()
    return day if clock is not None and isinstance(clock.type, sa.Date) else moment


def _not_over(tx: Tx) -> frozenset[str]:
    wanted = sa.select(actions.c.action_id).where(actions.c.state.in_([state.value for state in HOLDS_SUBJECT]))
    return frozenset(tx.execute(wanted).scalars())


def _action_of(drawn: str) -> str:
    """The action of `card:<action>:<reader>…`; nothing for other keys."""
    kind, _, rest = drawn.partition(":")
    return rest.partition(":")[0] if kind == "card" else ""


def _keys(tx: Tx, wanted: sa.Select[Any]) -> list[Key]:
    rows: Iterable[sa.Row[Any]] = tx.execute(wanted)
    return [tuple(row) for row in rows]
