"""A ring of keys gets a fresh key by a command, and what the old one made still counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from actions.keys import FILES
from core.errors import ConfigError
from loket.command import app
from loket.provision import RINGS, rotate_key
from storage.keys import KeyRing


@pytest.mark.parametrize("ring", sorted(RINGS))
def test_what_the_old_key_sealed_still_opens(tmp_path: Path, ring: str) -> None:
    old = KeyRing.load_or_create(tmp_path / RINGS[ring])
    sealed = old.seal(b"a secret", b"here")
    key_id = rotate_key(tmp_path, ring)
    ring_now = KeyRing.load_or_create(tmp_path / RINGS[ring])
    assert ring_now.current == key_id != old.current
    assert ring_now.open(*sealed, b"here") == b"a secret"
    assert old.open(*ring_now.seal(b"newer", b"here"), b"here") == b"newer"  # a process that has not restarted yet


def test_every_ring_of_the_gate_can_be_rotated() -> None:
    assert set(FILES.values()) <= set(RINGS.values())


@pytest.mark.parametrize("ring", ["votes", "nonsense"])
def test_nothing_is_made_in_a_folder_that_holds_no_such_ring(tmp_path: Path, ring: str) -> None:
    with pytest.raises(ConfigError):
        rotate_key(tmp_path, ring)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_which_key_is_the_current_one(tmp_path: Path) -> None:
    KeyRing.load_or_create(tmp_path / "votes.json")
    said = CliRunner().invoke(app, ["secrets", str(tmp_path), "--rotate", "votes"])
    assert said.exit_code == 0
    assert KeyRing.load_or_create(tmp_path / "votes.json").current in said.output
    assert [file.name for file in tmp_path.iterdir()] == ["votes.json"]
