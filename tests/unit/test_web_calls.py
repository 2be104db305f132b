"""Once only, on both databases: however often and wherever a call arrives, it is done once and answered alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ConnectorError
from storage import Database
from web_app import calls
from web_app.calls import Answer, Call, about, once
from web_app.responses import Failed

SAFE, UNSAFE = Call("door:local:1", about("confirm"), True), Call("door:local:1", about("take"), False)


class Acts:
    """Counts how often it was asked to act, and answers with the count."""

    def __init__(self, seconds: float = 0.0, error: BaseException | None = None) -> None:
        self.count = 0
        self._seconds = seconds
        self._error = error

    async def __call__(self) -> Answer:
        self.count += 1
        mine = self.count
        await asyncio.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return {"accepted": True, "text": f"number {mine}"}


async def status(database: Database, call: Call, act: Any) -> int:
    """The HTTP status that the call ends with."""
    try:
        await once(database, call, act)
    except Failed as failed:
        return failed.status
    return 200


@pytest.mark.parametrize("call", [SAFE, UNSAFE])
async def test_ten_at_once_are_one_act_and_one_answer(database: Database, call: Call) -> None:
    act = Acts(seconds=0.2)
    answers = await asyncio.gather(*(once(database, call, act) for _ in range(10)))
    assert act.count == 1
    assert all(answer == {"accepted": True, "text": "number 1"} for answer in answers)
    assert await once(database, call, act) == answers[0]
    assert act.count == 1


async def test_the_same_id_for_something_else_is_refused(database: Database) -> None:
    act = Acts()
    await once(database, SAFE, act)
    assert await status(database, Call(SAFE.call_id, about("deny"), True), act) == 409
    assert act.count == 1


async def test_whoever_waits_too_long_for_the_first_is_told_to_come_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "WAIT_SECONDS", 0.2)
    act = Acts(seconds=1.0)
    first = asyncio.create_task(once(database, UNSAFE, act))
    await asyncio.sleep(0.1)
    assert await status(database, UNSAFE, act) == 503
    assert (await first)["accepted"]
    assert act.count == 1


@pytest.mark.parametrize(("call", "ends_with", "acts"), [(SAFE, 200, 2), (UNSAFE, 409, 1)])
async def test_what_a_dead_process_left_behind_is_done_again_only_where_that_is_safe(
    database: Database, call: Call, ends_with: int, acts: int
) -> None:
    act = Acts(error=asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await once(database, call, act)
    database.clock_offset += timedelta(minutes=2)
    act._error = None
    assert await status(database, call, act) == ends_with
    assert act.count == acts


async def test_a_paused_process_that_comes_back_changes_no_answer_that_was_given(database: Database) -> None:
    paused = Acts(seconds=0.6)
    late = asyncio.create_task(once(database, SAFE, paused))
    await asyncio.sleep(0.2)
    database.clock_offset += timedelta(minutes=2)
    other = Acts()
    other.count = 6
    assert (await once(database, SAFE, other))["text"] == "number 7"
    await late
    assert (await once(database, SAFE, other))["text"] == "number 7"


@pytest.mark.parametrize(
    ("call", "system", "ends_with"), [(SAFE, "database", 200), (SAFE, "directory", 200), (UNSAFE, "directory", 200)]
)
async def test_after_a_failure_that_changed_nothing_the_id_is_free(
    database: Database, call: Call, system: str, ends_with: int
) -> None:
    with pytest.raises(ConnectorError):
        await once(database, call, Acts(error=ConnectorError(system, "away")))
    assert await status(database, call, Acts()) == ends_with


async def test_a_database_that_failed_may_have_acted_so_an_unsafe_call_is_not_done_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "WAIT_SECONDS", 0.1)
    with pytest.raises(ConnectorError):
        await once(database, UNSAFE, Acts(error=ConnectorError("database", "the connection was lost")))
    act = Acts()
    assert await status(database, UNSAFE, act) == 503
    database.clock_offset += timedelta(minutes=2)
    assert await status(database, UNSAFE, act) == 409
    assert act.count == 0


def test_what_a_call_is_about_cannot_be_confused_by_moving_a_border() -> None:
    assert about("ab", "c") != about("a", "bc")
    assert about("a", "") != about("a")
