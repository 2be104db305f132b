"""Ten thousand actions that wait cost nothing: the sweep reads what is due, by an index, in pages, and only that."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions import sweep
from actions.doubt import GIVE_UP_DOUBT, pause_after
from actions.records import State
from actions.tables import actions, envelopes
from core.errors import ConnectorError
from storage import now
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.context import ActionContext, Effect

WAITING, OVER = 10_000, 3_000


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


async def many(room: GateOnly, action_id: str, count: int, prefix: str, **values: Any) -> None:
    """Copies of one action."""
    with room.database.transaction() as tx:
        row = dict(tx.execute(sa.select(actions).where(actions.c.action_id == action_id)).mappings().one())
        row |= {"open_subject": None, **values}
        rows = [{**row, "action_id": f"{prefix}-{number:06}"} for number in range(count)]
        tx.execute(sa.insert(actions), rows)


async def a_full_house(room: GateOnly) -> str:
    """Ten thousand that wait for approvers, some thousands that are over, with the rests of their secrets."""
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    await many(room, action_id, WAITING, "waits")
    await many(room, action_id, OVER, "over", state="done", due_at=None)
    moment = (await room.action(action_id)).created_at
    gone = {"kind": "credential", "road": "private_mail", "state": "gone", "tries": 0, "key_id": ""}
    times = {"created_at": moment, "expires_at": moment, "due_at": moment}
    with room.database.transaction() as tx:
        rows = [{"envelope_id": f"e{n}", "action_id": f"over-{n:06}", **gone, **times} for n in range(OVER)]
        tx.execute(sa.insert(envelopes), rows)
    with room.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return action_id


@contextmanager
def watching(room: GateOnly) -> Iterator[list[tuple[str, Any, int]]]:
    """Every statement with its parameters, and how many rows it gave or touched."""
    seen: list[tuple[str, Any, int]] = []

    def after(_conn: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters, cursor.rowcount))

    sa.event.listen(room.database.engine, "after_cursor_execute", after)
    try:
        yield seen
    finally:
        sa.event.remove(room.database.engine, "after_cursor_execute", after)


def plan(room: GateOnly, statement: str, parameters: Any) -> str:
    """How the database would run a statement."""
    explain = "EXPLAIN " if room.database.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with room.database.engine.connect() as connection, connection.begin():
        return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(explain + statement, parameters))


def scans(text: str) -> list[str]:
    """The lines of a plan that read a whole table of the ledger."""
    whole = [f"{how} {table}" for table in ("actions", "envelopes") for how in ("SCAN", "Seq Scan on")]
    return [line for line in text.splitlines() if any(part in line for part in whole)]


@pytest.mark.slow
async def test_no_query_of_a_sweep_reads_all_that_waits(room: GateOnly) -> None:
    await a_full_house(room)

    with watching(room) as seen:
        await room.gate.sweep()

    about = [(text, values) for text, values, _rows in seen if "FROM actions" in text or "envelopes" in text]
    assert len(about) >= 4
    for text, values in about:
        assert scans(plan(room, text, values)) == [], text
    assert not any(text.startswith(("INSERT", "UPDATE", "DELETE")) for text, _values, _rows in seen)
    assert room.woken == []


@pytest.mark.slow
async def test_what_is_due_is_read_in_pages_oldest_first_until_none_is_left(
    room: GateOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 20)
    draft = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")
    due = (await room.action(draft)).due_at
    assert due is not None
    await many(room, draft, 130, "draft")  # all due at the same moment as well
    room.advance_clock(timedelta(minutes=31))

    await room.gate.sweep()

    with room.database.reading() as tx:
        assert set(tx.execute(sa.select(actions.c.state)).scalars()) == {"expired"}


@pytest.mark.slow
async def test_a_hundred_that_fail_do_not_starve_the_one_behind_them(
    room: GateOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 10)
    first = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")
    moment = (await room.action(first)).created_at
    await many(room, first, 30, "bad", due_at=moment, created_at=moment)
    real = sweep.expire

    async def broken(parts: Any, action: Any) -> None:
        if action.action_id.startswith("bad"):
            raise RuntimeError("a bug")
        await real(parts, action)

    monkeypatch.setattr(sweep, "expire", broken)
    room.advance_clock(timedelta(minutes=31))

    await room.gate.sweep()

    assert await room.state(first) is State.EXPIRED


async def in_doubt(room: GateOnly, reconcile: Any) -> tuple[str, list[datetime]]:
    """An action whose effect nobody saw, of a tool that looks outside in this way; and when it did."""
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    await room.click("E1003", action_id, "approve")
    looked: list[datetime] = []

    async def look(ctx: ActionContext, **_arguments: object) -> Effect | None:
        with room.database.reading() as tx:
            looked.append(now(tx))
        raise ConnectorError("accounts", "down")

    tool = replace(room.gate.parts.tool("reset_my_password"), reconcile=look if reconcile else None)
    room.gate.parts = replace(room.gate.parts, own_tools={"reset_my_password": tool})
    room.world.fail_next("accounts", "before-unknown")
    await room.settle()
    assert await room.state(action_id) is State.UNKNOWN
    return action_id, looked


async def test_what_nobody_can_look_up_is_not_looked_at_again_and_again(room: GateOnly) -> None:
    action_id, _ = await in_doubt(room, reconcile=False)

    await room.gate.sweep()

    assert (await room.action(action_id)).due_at is None
    with watching(room) as seen:
        await room.gate.sweep()
    assert not any("FOR UPDATE" in text or text.startswith("UPDATE") for text, _values, _rows in seen)


async def test_a_doubt_that_stays_is_looked_up_ever_more_seldom(room: GateOnly) -> None:
    _, looked = await in_doubt(room, reconcile=True)

    for _ in range(120):  # two minutes of sweeps, one a second
        await room.gate.sweep()
        room.advance_clock(timedelta(seconds=1))

    gaps = [later - sooner for sooner, later in itertools.pairwise(looked)]
    assert 5 <= len(looked) <= 20
    assert gaps[-1] > 2 * gaps[0]


def test_the_moment_of_giving_up_is_not_slept_through() -> None:
    for seconds in range(0, 600, 7):
        age = timedelta(seconds=seconds)
        assert age + pause_after(age) <= GIVE_UP_DOUBT + timedelta(seconds=1)
    assert pause_after(timedelta(days=3)) == timedelta(minutes=10)


async def test_a_doubt_from_before_this_version_is_taken_up_at_the_start(room: GateOnly) -> None:
    action_id, looked = await in_doubt(room, reconcile=True)
    with room.database.transaction() as tx:
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(due_at=None))

    await room.gate.open(alone=False)
    await room.gate.sweep()

    assert len(looked) == 1
