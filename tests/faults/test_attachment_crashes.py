"""A real executor is killed at every step of a file's way onto its ticket; a fresh one goes on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import audit_verifier

pytestmark = [pytest.mark.sampled(0.12), pytest.mark.slow]
SCRIPT = Path(__file__).with_name("gate_process.py")
Play = Callable[..., dict[str, Any]]
TICKET = {
    "tool": "create_ticket",
    "requester": "E1002",
    "arguments": {"queue": "FAC", "summary": "Chair broken", "description": "The back came off."},
    "files": ["one.pdf", "two.pdf"],
}
STEPS = [
    "attaching.claim.before_commit",
    "attaching.claim.after_commit",
    "attaching.claimed",
    "attaching.acted",
    "attaching.end.before_commit",
    "attaching.end.after_commit",
]


@pytest.fixture(scope="module")
def forking() -> Iterator[subprocess.Popen[str]]:
    """One interpreter that has everything loaded; every job is a process forked from it."""
    command = [sys.executable, "-W", "error", str(SCRIPT)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.communicate()


@pytest.fixture
def play(forking: subprocess.Popen[str], tmp_path: Path) -> Play:
    """Run one process on this test's home and hear how it ended."""

    def run(**changes: Any) -> dict[str, Any]:
        assert forking.stdin is not None
        assert forking.stdout is not None
        forking.stdin.write(json.dumps({"home": str(tmp_path), **TICKET, **changes}) + "\n")
        forking.stdin.flush()
        answer: dict[str, Any] = json.loads(forking.stdout.readline())
        return answer

    return run


def column(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(query)]


def all_is_well(home: Path) -> None:
    """Both files lie there once, said once, their bytes are gone, and the chain holds."""
    ours, outside = home / "loket.db", home / "outside.db"
    assert audit_verifier.verify(str(ours)).ok
    assert column(ours, "SELECT state FROM actions") == ["done"]
    assert sorted(column(outside, "SELECT name FROM ticket_files")) == ["one.pdf", "two.pdf"]
    assert column(outside, "SELECT count(*) FROM effects WHERE kind = 'file_attached'") == [2]
    assert column(ours, "SELECT count(*) FROM attachment_bytes") == [0]
    assert column(ours, "SELECT result FROM audit WHERE verb = 'file.attached'") == ["done", "done"]
    assert len(column(ours, "SELECT key FROM outbox WHERE key LIKE 'told:%:files'")) == 1


def test_these_are_all_the_steps_there_are(play: Play, tmp_path: Path) -> None:
    whole = play()
    assert whole["code"] == 0
    assert {point for point in whole["points"] if point.startswith("attaching")} == set(STEPS)
    all_is_well(tmp_path)


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", STEPS)
def test_each_file_is_there_once_and_said_once(play: Play, tmp_path: Path, point: str, nth: int) -> None:
    assert play(kill=point, nth=nth)["signal"] == 9
    assert play(settle=True)["code"] == 0
    all_is_well(tmp_path)
