"""Only the database's clock counts: a process whose own clock is ten minutes off lets nothing expire early or late."""

from __future__ import annotations

import datetime as clock
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

import actions
from actions.records import State
from storage import now
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

PACKAGES = ("actions", "storage", "connectors", "tools", "core", "tests.gate_only")
OFF = [timedelta(minutes=-10), timedelta(minutes=10)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


@pytest.fixture(params=OFF, ids=["slow", "fast"])
def off(request: pytest.FixtureRequest, room: GateOnly, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """This process believes that it is so much later than it is; the database does not."""
    shift: timedelta = request.param
    real, real_time = clock.datetime, time.time

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return real.now(tz) + shift

    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGES) and getattr(module, "datetime", None) is real:
            monkeypatch.setattr(module, "datetime", Wrong)
    monkeypatch.setattr(time, "time", lambda: real_time() + shift.total_seconds())
    return shift


def database_time(room: GateOnly) -> datetime:
    with room.database.reading() as tx:
        return now(tx)


async def test_a_whole_reset_goes_by_the_database(room: GateOnly, off: timedelta) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    action = await room.action(action_id)
    assert abs(action.created_at - database_time(room)) < timedelta(minutes=1)
    assert abs(action.created_at + off - database_time(room)) > timedelta(minutes=8)

    assert (await room.prove("E1001", action_id)).accepted
    assert (await room.click("E1003", action_id, "approve")).accepted
    await room.gate.sweep()
    await room.settle()

    assert (await room.state(action_id), len(room.effects())) == (State.DONE, 1)


@pytest.mark.parametrize(("minutes", "accepted"), [(9, True), (11, False)])
async def test_a_code_lives_ten_minutes_of_the_database(
    room: GateOnly, off: timedelta, minutes: int, accepted: bool
) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")
    await room.settle()
    room.advance_clock(timedelta(minutes=minutes))
    await room.gate.sweep()

    decision = await room.click("E1001", action_id, "prove", code=room.last_secret("sms"))

    assert decision.accepted == accepted


@pytest.mark.parametrize(("minutes", "state"), [(29, State.AWAITING_CONFIRMATION), (31, State.EXPIRED)])
async def test_a_draft_waits_half_an_hour_of_the_database(
    room: GateOnly, off: timedelta, minutes: int, state: State
) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    room.advance_clock(timedelta(minutes=minutes))

    await room.gate.sweep()

    assert await room.state(action_id) is state


@pytest.mark.parametrize(("minutes", "state"), [(14, State.DONE), (16, State.EXPIRED)])
async def test_a_claim_has_a_quarter_of_an_hour_of_the_database(
    room: GateOnly, off: timedelta, minutes: int, state: State
) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    await room.click("E1003", action_id, "approve")
    room.advance_clock(timedelta(minutes=minutes))

    await room.settle()

    assert await room.state(action_id) is state


def test_the_gate_asks_no_other_clock() -> None:
    for file in Path(actions.__path__[0]).glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for word in ("datetime.now", "utcnow", "time.time", "date.today", "monotonic"):
            assert word not in text, f"{word} in {file.name}"


def test_the_wrong_clock_is_wrong(off: timedelta) -> None:
    from actions import hours

    assert abs(hours.datetime.now(UTC) - datetime.now(UTC) - off) < timedelta(seconds=5)
