"""`loket …` in this process: exit code, standard output and standard error."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from loket import command

Run = Callable[..., tuple[int, str, str]]
"""Called with the words after `loket`, and `stdin`; returns exit code, standard output and standard error."""


def runner(home: Path, working: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Commands on this home folder, run in the folder `working`, as wide as a large terminal."""
    monkeypatch.setenv("LOKET_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(working)

    def call(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["loket", *words])
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            command.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call
