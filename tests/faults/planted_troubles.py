"""Troubles that the outside makes while an action waits for the executor: a good desk stands them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
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


def tickets_break_off() -> None:
    """The ticket system files the next ticket and then answers with an error."""
    from connectors.embedded import World

    begin = World._begin_world

    def breaking(self: World) -> None:
        begin(self)
        self.fail_next("tickets", "after")

    World._begin_world = breaking  # type: ignore[method-assign]


def disk_may_be_full() -> None:
    """While there is a file `full` in the shared folder, the database cannot grow by a page."""
    from storage import connections

    full = Path(os.environ["LOKET_WORLD_FOLDER"]).parent / "shared" / "full"
    with closing(sqlite3.connect(Path(os.environ["LOKET_HOME"]) / "loket.sqlite")) as connection:
        connection.execute("VACUUM")  # no free page is left inside the file
    begin = connections._begin_sqlite

    def within_the_disk(connection: Any) -> None:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={used if full.exists() else 2**30}")
        begin(connection)

    connections._begin_sqlite = within_the_disk


def _clock_off(seconds: float) -> None:
    """The clock of the first process is wrong; that of the database is right."""
    import time
    from datetime import datetime

    import connectors.embedded
    import loket.foundation
    import web_app.events

    if not os.environ["LOKET_HOME"].endswith("w1"):
        return
    right = time.time
    time.time = lambda: right() + seconds

    class Wrong(datetime):
        """A moment by the wrong clock."""

        @classmethod
        def now(cls, tz: Any = None) -> Wrong:
            """Now, as the machine has it."""
            return cls.fromtimestamp(time.time(), tz)

    for module in (loket.foundation, web_app.events, connectors.embedded):
        module.datetime = Wrong  # type: ignore[attr-defined]


def clock_ahead() -> None:
    """Ten minutes fast."""
    _clock_off(600)


def clock_behind() -> None:
    """Ten minutes slow."""
    _clock_off(-600)


def restore_unnoticed() -> None:
    """Nobody notices that the database is an older copy."""
    from loket.service import process

    async def unseen(*_: Any) -> None:
        """See nothing."""

    process.void_if_older = unseen


TROUBLES: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        words_change,
        approver_loses_group,
        time_flies,
        switched_off,
        accounts_refuse,
        tickets_break_off,
        disk_may_be_full,
        clock_ahead,
        clock_behind,
        restore_unnoticed,
    )
}
