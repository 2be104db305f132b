"""Troubles that the outside makes while an action waits for the executor: a good desk stands them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa


def _when_approved(happens: Callable[[Any, Any], None]) -> None:
    """Let something happen in the transaction in which an action becomes approved."""
    from actions import requester, votes
    from actions.records import State

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def approve(parts: Any, tx: Any, action: Any, actor: str, origin: str) -> Any:
            after = original(parts, tx, action, actor, origin)
            assert after.state is State.APPROVED
            happens(tx, after)
            return after

        return approve

    requester.approve = wrapped(requester.approve)
    votes.approve = requester.approve


def words_change() -> None:
    """Somebody writes into the ledger's row."""
    from actions.tables import actions

    def change(tx: Any, action: Any) -> None:
        other = {**action.arguments, "summary": "Give E1041 a golden chair"}
        tx.change(sa.update(actions).where(actions.c.action_id == action.action_id).values(arguments=other))

    _when_approved(change)


def approver_loses_group() -> None:
    """Whoever has just said yes is moved to another job."""
    import sqlite3
    from contextlib import closing

    world = Path(os.environ["LOKET_WORLD_FOLDER"]) / "world.sqlite"

    def leave(_tx: Any, _action: Any) -> None:
        with closing(sqlite3.connect(world, timeout=10)) as connection, connection:
            connection.execute("DELETE FROM person_groups WHERE name = 'it-approvers'")

    _when_approved(leave)


def time_flies() -> None:
    """Weeks go by between the yes and the executor."""
    clock = Path(os.environ["LOKET_WORLD_FOLDER"]).parent / "shared" / "clock"

    def jump(tx: Any, _action: Any) -> None:
        tx.after_commit.insert(0, lambda: clock.write_text(str(30 * 86_400)))

    _when_approved(jump)


def switched_off() -> None:
    """An admin throws the switch just after the yes."""
    from actions.tables import switches
    from storage import now

    def throw(tx: Any, action: Any) -> None:
        tx.add(switches, scope=action.tool, by="employee:E1009", reason="something is wrong", at=now(tx))

    _when_approved(throw)


def accounts_refuse() -> None:
    """The directory of accounts refuses the next change."""
    from connectors.embedded import World

    begin = World._begin_world

    def refusing(self: World) -> None:
        begin(self)
        self.fail_next("accounts", "refuse")

    World._begin_world = refusing  # type: ignore[method-assign]


TROUBLES: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (words_change, approver_loses_group, time_flies, switched_off, accounts_refuse)
}
