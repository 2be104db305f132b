"""The embedded outside world: seeded once, safe across threads and processes, whole after a kill."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.embedded import World
from core.people import ChannelIdentity
from tests.outside import Clock, new_world

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.outside import new_world
from connectors.tickets.embedded import EmbeddedTickets
from connectors.tickets import TicketDraft

async def main():
    tickets = EmbeddedTickets(new_world(Path(sys.argv[1])))
    for index in range(1_000_000):
        await tickets.create(TicketDraft("IT", f"No {index}", "x", "E1001"), f"k-{index}")
        print(index, flush=True)

asyncio.run(main())
"""


def test_the_world_is_seeded_once(tmp_path: Path) -> None:
    new_world(tmp_path).set_groups("E1003", ["all-staff"])
    world = new_world(tmp_path)
    count = world.read(lambda c: c.execute("SELECT count(*) FROM people").fetchone()[0])
    held = world.read(lambda c: c.execute("SELECT name FROM person_groups WHERE employee_id = 'E1003'").fetchall())
    assert count == 44
    assert [row["name"] for row in held] == ["all-staff"]


def test_many_threads_may_begin_the_same_world_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        worlds = list(pool.map(lambda _: new_world(tmp_path), range(8)))
    assert worlds[0].read(lambda c: c.execute("SELECT count(*) FROM people").fetchone()[0]) == 44


def test_a_failed_change_leaves_nothing_behind(tmp_path: Path) -> None:
    world = new_world(tmp_path)

    def half(connection: sqlite3.Connection) -> None:
        world.record(connection, "unlocked", "tom.bakker", "a-1")
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        world.change(half)
    assert world.effects() == []


def test_only_the_owner_can_read_the_world(tmp_path: Path) -> None:
    assert new_world(tmp_path).path.stat().st_mode & 0o077 == 0


def test_nobody_signs_in_before_they_chose_a_credential(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    assert world.signs_in("sanne.dewit", "") == "no"
    assert world.pass_works("sanne.dewit", "") is False
    assert world.signs_in("nobody", "x") == "no"


def test_a_contact_change_is_dated_now(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    assert isinstance(world.clock, Clock)
    world.clock.pass_(days=3)
    world.change_contact("E1001", mobile="+31655509999", private_email=None)
    row = world.read(lambda c: c.execute("SELECT * FROM people WHERE employee_id = 'E1001'").fetchone())
    assert (row["mobile"], row["private_email"]) == ("+31655509999", None)
    assert row["contact_changed_at"] == world.clock().isoformat()


def test_an_added_person_has_identities_and_an_account(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.add_person("E2001", "Nour Haddad", groups=["it-approvers"], language="en")
    world.map_identity(ChannelIdentity("slack", "T-2", "U77"), "E2001")
    rows = world.read(lambda c: c.execute("SELECT channel FROM identities WHERE employee_id = 'E2001'").fetchall())
    assert sorted(row["channel"] for row in rows) == ["door", "slack", "slack", "teams", "terminal"]
    world.set_credential("nour.haddad", "chosen")
    assert world.signs_in("nour.haddad", "chosen") == "ok"
    world.deactivate("E2001")
    assert world.signs_in("nour.haddad", "chosen") == "no"


@pytest.mark.parametrize(("system", "how"), [("printer", "refuse"), ("accounts", "explode"), ("accounts", "hang long")])
def test_a_fault_that_does_not_exist_is_refused(tmp_path: Path, system: str, how: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        new_world(tmp_path).fail_next(system, how)


def test_a_process_killed_in_the_middle_of_writing_leaves_the_world_whole(tmp_path: Path) -> None:
    for pause in (0.0, 0.013, 0.05):
        _write_and_kill(tmp_path, pause)
        world = new_world(tmp_path)
        tickets = world.read(lambda c: c.execute("SELECT key FROM tickets WHERE key IS NOT NULL").fetchall())
        check = world.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        assert check == "ok"
        assert {row["key"] for row in tickets} == {effect.key for effect in world.effects()}


def _write_and_kill(folder: Path, pause: float) -> None:
    """Kill -9 a process that files tickets; what it said to be filed must be there afterwards."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer, writer.stdout as said:
        for _ in range(3):
            said.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        last = said.read().split("\n")[:-1]  # what it managed to say before the kill
    world = World(folder / "world.sqlite", Clock(), folder / "notes")
    keys = {effect.key for effect in world.effects()}
    assert all(f"k-{index}" in keys for index in last)
    assert {"k-0", "k-1", "k-2"} <= keys
