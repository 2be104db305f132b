"""The kill switch, set by another process: what has not happened yet does not happen, and a restart forgets nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.switches import switch_off
from actions.tables import switches
from core.errors import Refused
from storage import Database
from storage.faultpoint import install
from storage.tables import audit
from tests.command_line import Run
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on

pytest_plugins = ["tests.fixtures_command"]
ROOT = Path(__file__).parents[2]
SET = """
import sys
from actions.switches import switch_off
from storage import Database
with Database(sys.argv[1]).transaction() as tx:
    switch_off(tx, "operator:somebody@elsewhere", sys.argv[2], "now")
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


def another_process_switches_off(room: GateOnly, scope: str) -> float:
    """Returns the moment at which that process had ended."""
    subprocess.run([sys.executable, "-c", SET, room.database.url, scope], cwd=ROOT, check=True, timeout=60)
    return time.monotonic()


async def approved(room: GateOnly) -> str:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.prove("E1001", action_id)
    await room.click("E1003", action_id, "approve")
    assert await room.state(action_id) is State.APPROVED
    return action_id


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("scope", ["*", "reset_my_password"])
async def test_a_switch_of_another_process_stops_the_claim(room: GateOnly, scope: str) -> None:
    action_id = await approved(room)
    off = another_process_switches_off(room, scope)

    await room.settle()

    assert time.monotonic() - off < 2
    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


@pytest.mark.timed
@pytest.mark.slow
async def test_a_switch_of_another_process_stops_what_is_claimed_and_has_not_happened(room: GateOnly) -> None:
    action_id = await approved(room)
    off: list[float] = []

    def hook(name: str) -> None:
        if name == "executor.claimed":
            off.append(another_process_switches_off(room, "*"))

    install(hook)
    try:
        await room.settle()
    finally:
        install(None)

    assert time.monotonic() - off[0] < 2
    assert (await room.state(action_id), room.effects()) == (State.FAILED, [])


@pytest.mark.slow
async def test_a_switch_survives_a_restart(room: GateOnly) -> None:
    another_process_switches_off(room, "*")
    database = Database(room.database.url)
    try:
        again = GateOnly(database, room.home)
        await again.gate.open()
        with pytest.raises(Refused, match="switched_off"):
            await again.propose("E1002", "unlock_my_account")
        assert await again.gate.switched_off() == {"*": "now"}
    finally:
        database.close()


async def test_an_admin_is_not_held_to_three_changes_a_day(room: GateOnly) -> None:
    await room.gate.switch_off(await room.employee("E1009"), "*", "drill")
    for _ in range(5):
        action_id = await room.propose("E1009", "switch_on", scope="*")
        await room.click("E1009", action_id, "cancel")
        assert await room.state(action_id) is State.CANCELLED


# --- off is off until two others say otherwise ----------------------------------------------------------------------


async def on_again_is_agreed(room: GateOnly) -> str:
    """Everything is off, and two other admins said yes to switching it on."""
    await room.gate.switch_off(await room.employee("E1009"), "*", "drill")
    action_id = await room.propose("E1009", "switch_on", scope="*")
    await room.click("E1009", action_id, "confirm")
    for who in ("E1010", "E1011"):
        await room.click(who, action_id, "approve")
    assert await room.state(action_id) is State.APPROVED
    return action_id


async def test_what_is_switched_off_once_more_while_switching_on_waits_stays_off(room: GateOnly) -> None:
    """Two admins agreed to the end of a drill, not to the end of what a third one saw meanwhile."""
    action_id = await on_again_is_agreed(room)
    assert not await room.gate.switch_off(await room.employee("E1011"), "*", "this is no drill")

    await room.settle()

    assert set(await room.gate.switched_off()) == {"*"}
    assert await room.state(action_id) is State.FAILED
    with pytest.raises(Refused, match="switched_off"):
        await room.propose("E1002", "unlock_my_account")
    again = await room.propose("E1010", "switch_on", scope="*")
    facts = {fact.label: fact.value for fact in (await room.action(again)).facts}
    assert [line.split(",")[0] for line in facts["switched off by"].splitlines()] == [
        "employee:E1011",
        "employee:E1009",
    ]


async def test_what_is_switched_off_once_more_in_the_last_moment_stays_off(room: GateOnly) -> None:
    action_id = await on_again_is_agreed(room)

    def hook(name: str) -> None:
        if name == "executor.before_effect":
            with room.database.transaction() as tx:
                switch_off(tx, "employee:E1010", "*", "this is no drill")

    install(hook)
    try:
        await room.settle()
    finally:
        install(None)

    assert set(await room.gate.switched_off()) == {"*"}
    assert await room.state(action_id) is State.FAILED


async def test_on_again_is_on_for_everybody_and_said_in_the_chain(room: GateOnly) -> None:
    action_id = await on_again_is_agreed(room)
    await room.settle()
    assert await room.state(action_id) is State.DONE
    assert await room.state(await room.propose("E1002", "unlock_my_account")) is State.AWAITING_CONFIRMATION
    assert await room.gate.switch_off(await room.employee("E1009"), "*", "again")
    with pytest.raises(Refused, match="switched_off"):
        await room.propose("E1006", "unlock_my_account")


@pytest.mark.parametrize("scope", ["*", "reset_my_password"])
async def test_a_switch_whose_row_was_taken_away_is_still_off(room: GateOnly, scope: str) -> None:
    """Who writes the database without the gate switches nothing on: the chain says off."""
    action_id = await approved(room)
    await room.gate.switch_off(await room.employee("E1009"), scope, "drill")
    with room.database.transaction() as tx:
        tx.execute(sa.delete(switches))

    await room.settle()

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])
    with pytest.raises(Refused, match="switched_off"):
        await room.propose("E1002", "reset_my_password")


@pytest.mark.slow
def test_from_a_shell_loket_can_be_stopped_and_not_started(
    loket: Run, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Also on a server, where a shell is no identity: closing a door needs none."""
    monkeypatch.setenv("LOKET_DATABASE_URL", database_url)
    assert loket("tools", "list")[0] == 0  # makes the tables

    assert loket("tools", "disable", "nothing_like_it", "--reason", "a typing error")[0] == 2
    assert loket("tools", "disable", "*", "--reason", "a report of misuse")[:2] == (0, "everything is switched off.\n")
    assert loket("tools", "disable", "*", "--reason", "again")[1] == "everything was switched off already.\n"

    database = Database(database_url)
    with database.reading() as tx:
        assert tx.execute(sa.select(switches.c.scope, switches.c.reason)).all() == [("*", "a report of misuse")]
        actors = tx.execute(sa.select(audit.c.actor).where(audit.c.verb == "switch.off")).scalars().all()
    database.close()
    assert all(actor.startswith("operator:") and "@" in actor for actor in actors)
    assert len(actors) == 2
    code, _out, problem = loket("tools", "enable", "reset_my_password", "--as", "E1009", "--yes")
    assert code != 0 or database_url.startswith("sqlite")
    assert "here you sign in" in problem or database_url.startswith("sqlite")
