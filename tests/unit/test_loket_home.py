"""The home folder has one owner at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from loket.home import Home, Owner

ROOT = Path(__file__).parents[2]


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    told = rf"`loket chat` \(process {os.getpid()}\)"
    with home.owned("loket chat"), pytest.raises(ConfigError, match=told), home.owned("loket ask"):
        pass
    assert home.owner() is None


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    code = (
        "import sys, time; from pathlib import Path; from loket.home import Home\n"
        "with Home(Path(sys.argv[1])).owned('loket chat'): print('owned', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(home.folder)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"owned\n"
    assert home.owner() == Owner(child.pid, "loket chat")
    child.kill()
    child.wait()
    assert home.owner() is None
    with home.owned("loket ask"):
        assert home.owner() == Owner(os.getpid(), "loket ask")


def test_an_unreadable_lock_file_does_not_lock_anybody_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.lock_file.write_text('{"pid": ')
    with home.owned("loket ask"):
        pass


def test_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="LOKET_HOME="):
        Home(tmp_path / "file" / "home").create()
