"""Several agents on one machine: each has what is its own, and one process looks after them all."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.errors import ConfigError
from loket.command import app
from loket.home import Home
from loket.service.roles import Role
from loket.service.several import Several, numbered
from loket.settings import Settings

STAYS = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); "
SAYS = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "


def settings(**sections: Any) -> Settings:
    return Settings(_env_file=None, **sections)  # type: ignore[call-arg]


def test_the_first_goes_by_the_settings_and_the_others_have_their_own_home_port_and_name(tmp_path: Path) -> None:
    given = settings(home=tmp_path, serve={"port": 8081, "worker": "think"})

    assert numbered(given, Role.AGENT, 1) == given
    third = numbered(given, Role.AGENT, 3)
    assert (third.home, third.serve.port, third.serve.worker) == (tmp_path / "agent-3", 8083, "think-3")
    assert Home(third.home, keys=third.keys_folder).keys == Home(tmp_path).keys
    assert Home(third.home, world=third.world_folder).world == Home(tmp_path).world


def test_a_port_that_is_free_to_choose_stays_so_and_one_beyond_the_last_is_an_error(tmp_path: Path) -> None:
    assert numbered(settings(home=tmp_path, serve={"port": 0}), Role.AGENT, 2).serve.port == 0
    with pytest.raises(ConfigError, match="LOKET_SERVE_PORT"):
        numbered(settings(home=tmp_path, serve={"port": 65_535}), Role.AGENT, 2)


@pytest.mark.parametrize(
    "options", [["--role", "web", "--agents", "2"], ["--role", "agent", "--agents", "2"], ["--agents", "2"]]
)
def test_several_agents_are_for_agents_on_postgres(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOKET_DATABASE_URL", raising=False)
    result = CliRunner().invoke(app, ["serve", *options])
    assert isinstance(result.exception, ConfigError)


class Watched:
    """Processes that write down that they were started."""

    def __init__(self, folder: Path, then: str = STAYS + SAYS + "time.sleep(600)") -> None:
        self.file = folder / "started"
        self.then = then

    def command(self, number: int) -> list[str]:
        return [sys.executable, "-c", self.then, str(self.file)]

    async def pids(self, enough: Callable[[list[int]], bool]) -> list[int]:
        async with asyncio.timeout(60):
            while not enough(found := self.now()):  # noqa: ASYNC110 - other processes write the file
                await asyncio.sleep(0.02)
        return found

    def now(self) -> list[int]:
        return [int(line) for line in self.file.read_text().split()] if self.file.exists() else []


async def test_one_that_was_killed_is_started_again_and_all_end_together(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    several = Several(2, watched.command, 30, at_once=0.0, again=0.0)
    running = asyncio.create_task(several.run())
    first = await watched.pids(lambda pids: len(pids) == 2)
    os.kill(first[0], signal.SIGKILL)
    now_there = await watched.pids(lambda pids: len(pids) == 3)
    several.stop()
    assert await asyncio.wait_for(running, 60) == 0
    for pid in now_there:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_one_that_cannot_start_ends_them_all_with_its_code(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    bad = [sys.executable, "-c", "raise SystemExit(2)"]
    several = Several(2, lambda number: watched.command(number) if number == 1 else bad, 30, at_once=60.0)
    assert await asyncio.wait_for(several.run(), 60) == 2
    for pid in watched.now():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_one_that_does_not_listen_is_killed_in_the_end(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SAYS + "time.sleep(600)"
    watched = Watched(tmp_path, deaf)
    several = Several(1, watched.command, -7.9)  # a tenth of a second in all
    running = asyncio.create_task(several.run())
    pids = await watched.pids(lambda pids: len(pids) == 1)
    several.stop()
    assert await asyncio.wait_for(running, 60) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
