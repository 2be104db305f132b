"""The database goes away in the middle, and the service is replaced while approvals wait."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from loket.bench.servers.postgres import Cluster, running_postgres
from tests.faults.campaign import room
from tests.faults.case import Case, Room
from tests.faults.people import DAY, RESET, TICKET, Wish
from tests.faults.play import audited, playing

pytest_plugins = ["tests.fixtures_storage", "tests.faults.rooms"]
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("service-faults")]

PATIENCE = 40.0
RESUMED_SECONDS = 60.0


class Restartable:
    """A cluster that can be taken down at once and started again, as after a crash of its machine."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._command = Path(f"/proc/{cluster.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        self._folder = Path(f"/proc/{cluster.pid}/cwd").readlink()
        self._owner = pwd.getpwuid(Path(f"/proc/{cluster.pid}").stat().st_uid)
        self._process: subprocess.Popen[bytes] | None = None

    def crash(self) -> None:
        """Immediate shutdown: no session ends well, the next start has to recover."""
        os.kill(self.cluster.pid, signal.SIGQUIT)
        while self._answers():
            time.sleep(0.05)

    def start(self) -> None:
        """The same data, the same socket."""
        as_owner = {"user": self._owner.pw_uid, "group": self._owner.pw_gid} if os.geteuid() == 0 else {}
        end = time.monotonic() + 30
        while not self._answers() and time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    self._command, cwd=self._folder, stderr=subprocess.DEVNULL, start_new_session=True, **as_owner
                )
            time.sleep(0.2)
        assert self._answers()

    def stop(self) -> None:
        """What was started here ends here."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.cluster.url.replace("+psycopg", "", 1), connect_timeout=2).close()
            return True
        return False


@contextmanager
def restartable() -> Iterator[Restartable]:
    with running_postgres() as cluster:
        database = Restartable(cluster)
        try:
            yield database
        finally:
            database.stop()


@pytest.mark.parametrize("kind", ["postgres-1", "postgres-3"])
async def test_a_database_that_crashes_and_comes_back_needs_no_restart_of_the_service(kind: str) -> None:
    with restartable() as database, room(database.cluster.url) as place:
        arrangement = place.arrange(Case(kind))
        try:
            async with playing(arrangement, PATIENCE) as play:
                await play.all_open()
                pids = [worker.pid for worker in arrangement.workers]
                people = asyncio.create_task(play.live([*DAY[:3], DAY[4]], 1))
                await asyncio.sleep(1.0)
                await asyncio.to_thread(database.crash)
                await asyncio.sleep(2.0)
                await asyncio.to_thread(database.start)
                began = time.monotonic()
                await people
                await play.quiet()
                assert time.monotonic() - began < RESUMED_SECONDS
                assert [worker.pid for worker in arrangement.workers] == pids
                assert all(worker.lives for worker in arrangement.workers)
            assert audited(play) == []
        finally:
            arrangement.close()


async def test_a_running_system_is_replaced_while_an_approval_waits(fault_room: Room) -> None:
    """The new processes start beside the old one, which drains; what it asked for is approved and done without it."""
    arrangement = fault_room.arrange(Case("postgres-3"))
    arrangement.first = 1
    try:
        async with playing(arrangement, PATIENCE) as play:
            old, *new = arrangement.workers
            await play.all_open()
            waiting = (await play.live([Wish("E1001", RESET, "confirm")], 1))[0].action_id
            for worker in new:
                arrangement.start(worker)
            await play.all_open()
            late = Wish("E1041", TICKET.format(room="T0.05"), "confirm")
            people = asyncio.create_task(play.live([late], 10))
            os.kill(old.pid, signal.SIGTERM)
            assert await play.until(lambda: old.code is not None, 30)
            assert old.code == 0
            await people
            assert await play.channel.click("approved", "E1003", waiting, "approve")
            await play.quiet()
            states = {row["action_id"]: row["state"] for row in (await play.read())["actions"]}
            assert states[waiting] == "done"
            assert set(states.values()) == {"done"}
        assert audited(play) == []
    finally:
        arrangement.close()
