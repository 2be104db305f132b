"""A backup is put back while people wait: nothing that happened since happens again, and everybody hears of it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.faults.arrangement import Arrangement
from tests.faults.case import Case, Room
from tests.faults.people import DAY, RESET, Wish
from tests.faults.play import Play, playing
from tests.faults.service_child import Fault

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("service-faults")]

ASKED = Wish("E1001", RESET, "confirm")
APPROVER = "E1003"
PATIENCE = 30.0
POINTS = ["restored.alert.after_commit", "restored.end.after_commit", "restored.note.before_commit"]
"""Of each the side on which less is kept than was done."""


def copied(arrangement: Arrangement) -> Callable[[], None]:
    """Back the database up as it is now; returns what puts that back."""
    backup = arrangement.folder / "backup"
    if arrangement.url:
        return _dumped(arrangement.url, backup)
    file = Path(arrangement.database.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)

    def put_back() -> None:
        for old in file.parent.glob("loket.sqlite*"):
            old.unlink()
        shutil.copy(backup, file)

    return put_back


def _dumped(url: str, backup: Path) -> Callable[[], None]:
    parsed = sa.make_url(url)
    plain = url.replace("+psycopg", "", 1)
    server = parsed.set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run(["pg_dump", "--format=custom", f"--file={backup}", plain], check=True)

    def put_back() -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{parsed.database}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{parsed.database}"'.encode())
        subprocess.run(["pg_restore", "--exit-on-error", f"--dbname={plain}", str(backup)], check=True)

    return put_back


async def restored(arrangement: Arrangement) -> Play:
    """A reset waits for its approver; backup; it is approved and done; the backup is put back; the approver clicks."""
    async with playing(arrangement, PATIENCE) as play:
        await play.all_open()
        waiting = (await play.live([ASKED], 1))[0].action_id
        put_back = copied(arrangement)
        await play.channel.click("before", APPROVER, waiting, "approve")
        await play.quiet()
        await play.live([DAY[1]], 10)
        await play.quiet()
        assert len((await play.read()).effects) == 2
        arrangement.pause_supervisor = True
        arrangement.stop()
        put_back()
        arrangement.arm()
        for worker in arrangement.workers:
            arrangement.start(worker)
        arrangement.stopping = arrangement.pause_supervisor = False
        await play.all_open()
        await play.quiet()
        await play.channel.click("after", APPROVER, waiting, "approve")
        await play.quiet()
        play.left = await play.read()
    return play


@pytest.mark.parametrize("kind", ["sqlite", "postgres-1"])
async def test_a_restored_backup_executes_nothing_again_and_security_hears_of_it(fault_room: Room, kind: str) -> None:
    arrangement = fault_room.arrange(Case(kind))
    try:
        play = await restored(arrangement)
        check(play)
    finally:
        arrangement.close()


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_while_a_restore_is_dealt_with_changes_nothing(fault_room: Room, point: str) -> None:
    arrangement = fault_room.arrange(Case("sqlite", (Fault(point),)))
    try:
        play = await restored(arrangement)
        assert arrangement.fired() is not None
        check(play)
    finally:
        arrangement.close()


async def test_a_restore_that_nobody_noticed_would_be_found(fault_room: Room) -> None:
    arrangement = fault_room.arrange(Case("sqlite", patches=("restore_unnoticed",)))
    try:
        play = await restored(arrangement)
        with pytest.raises(AssertionError):
            check(play)
    finally:
        arrangement.close()


def check(play: Play) -> None:
    """Two effects, as before; nothing open; the requester and the security group know."""
    assert play.problems == []
    left = play.left
    assert left is not None
    assert len(left.effects) == 2
    assert [action["state"] for action in left["actions"]] == ["expired"]
    assert all(envelope["ciphertext"] is None for envelope in left["envelopes"])
    posted = {row["key"].rpartition(":")[0]: row["room"] for row in left["posts"] if row["replaces"] is None}
    assert "security" in [room for key, room in posted.items() if key.startswith("alert:restored:")]
    assert f"told:{left['actions'][0]['action_id']}" in posted
