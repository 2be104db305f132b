"""`loket …` in this process, on a home folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Run, runner


@pytest.fixture
def loket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty working directory whose home folder is `home`."""
    return runner(tmp_path / "home", tmp_path, monkeypatch, capsys)
