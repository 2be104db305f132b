"""Reading and filing actions: the only file that turns rows into `Action` and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from actions.records import Action, State
from actions.tables import actions
from core.encoding import decode
from core.events import Address
from core.replies import Fact
from core.risk import Risk
from storage import Tx


def get(tx: Tx, action_id: str) -> Action:
    """One action. Raises KeyError when there is none."""
    found = find(tx, action_id)
    if found is None:
        raise KeyError(action_id)
    return found


def find(tx: Tx, action_id: str) -> Action | None:
    """One action, or None; also for an id that no database could hold: ids come from outside."""
    if not action_id.isascii() or "\0" in action_id:
        return None
    row = tx.execute(sa.select(actions).where(actions.c.action_id == action_id)).mappings().first()
    return _action(dict(row)) if row else None


def lock(tx: Tx, action_id: str) -> Action | None:
    """One action, its row locked until the transaction ends (on SQLite the whole transaction is)."""
    if not action_id.isascii() or "\0" in action_id:
        return None
    statement = sa.select(actions).where(actions.c.action_id == action_id).with_for_update()
    row = tx.execute(statement).mappings().first()
    return _action(dict(row)) if row else None


def select(tx: Tx, *conditions: sa.ColumnElement[bool], limit: int = 1000) -> list[Action]:
    """Actions that meet all conditions, newest first."""
    statement = sa.select(actions).where(*conditions).order_by(actions.c.created_at.desc()).limit(limit)
    return [_action(dict(row)) for row in tx.execute(statement).mappings().all()]


def due(tx: Tx, until: datetime, after: Action | None, limit: int) -> list[Action]:
    """Actions that have to be looked at by `until`, oldest first; the page that comes after the action `after`.

    By `due_at` alone, which an index knows and which is empty for what is over: thousands that wait cost nothing.
    """
    place = sa.tuple_(actions.c.due_at, actions.c.action_id)
    conditions = [actions.c.due_at <= until]
    if after is not None:
        conditions.append(place > sa.tuple_(sa.literal(after.due_at, actions.c.due_at.type), after.action_id))
    statement = sa.select(actions).where(*conditions).order_by(actions.c.due_at, actions.c.action_id).limit(limit)
    return [_action(dict(row)) for row in tx.execute(statement).mappings().all()]


def in_states(states: Iterable[State]) -> sa.ColumnElement[bool]:
    """The condition that an action is in one of these states."""
    return actions.c.state.in_([state.value for state in states])


def file(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert a new action; false when its id, or an open action about the same subject, is there already."""
    return tx.add(actions, version=1, **values)


def _action(row: dict[str, Any]) -> Action:
    row.pop("open_subject")
    return Action(
        **{
            **row,
            "address": decode(Address, row["address"]),
            "tier": Risk(row["tier"]),
            "state": State(row["state"]),
            "approver_groups": tuple(row["approver_groups"]),
            "proofs": tuple(row["proofs"].split()),
            "facts": tuple(Fact(label, value) for label, value in row["facts"]),
        }
    )
