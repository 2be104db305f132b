"""A real process is killed at every step of a credential on a page, and of a pass made outside; a fresh one goes on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import audit_verifier

pytestmark = [pytest.mark.sampled(0.08), pytest.mark.slow]
SCRIPT = Path(__file__).with_name("gate_process.py")
Play = Callable[..., dict[str, Any]]
RESET = {"tool": "reset_my_password", "requester": "E1019", "page": True}  # she has no private mail
PASS = {"tool": "restore_access", "requester": "E1001", "own_passes": True}


def both(*names: str) -> list[str]:
    """Just before and just after a commit."""
    return [f"{name}.{side}" for name in names for side in ("before_commit", "after_commit")]


OFFERING = ["reveal.before_link", *both("reveal.offer")]
SENDING = ["secrets.before_reveal_code", "secrets.after_reveal_code", *both("secrets.mark_reveal_code")]
SEEING = [*both("reveal.seen"), *both("reveal.told")]


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

    def run(job: dict[str, Any], **changes: Any) -> dict[str, Any]:
        assert forking.stdin is not None
        assert forking.stdout is not None
        forking.stdin.write(json.dumps({"home": str(tmp_path), **job, **changes}) + "\n")
        forking.stdin.flush()
        answer: dict[str, Any] = json.loads(forking.stdout.readline())
        return answer

    return run


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(home / "loket.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def look(home: Path) -> tuple[str, list[str], list[str]]:
    """What must hold after any crash: how the credential stands, how it ended by the audit, and the outbox keys."""
    assert audit_verifier.verify(str(home / "loket.db")).ok
    (action,) = rows(home, "SELECT * FROM actions")
    assert action["state"] == "done"
    assert not [row for row in rows(home, "SELECT * FROM envelopes") if row["ciphertext"] or row["token_hash"]]
    envelope = rows(home, "SELECT * FROM envelopes WHERE kind = 'credential'")[0]
    fates = [row["result"] for row in rows(home, "SELECT * FROM audit WHERE verb = 'credential.delivery' ORDER BY seq")]
    assert len(fates) == 1, f"one end, not {fates}"
    keys = [row["key"] for row in rows(home, "SELECT key FROM outbox ORDER BY outbox_id")]
    assert len(keys) == len(set(keys))
    with closing(sqlite3.connect(home / "outside.db")) as connection:
        assert connection.execute("SELECT count(*) FROM effects").fetchone() == (1,)
    seen = sorted(key.rpartition(":")[2] for key in keys if key.startswith("seen:"))
    assert seen == (["sms", "work_mail"] if fates == ["seen by reveal"] else [])
    return envelope["state"], fates, keys


def test_these_are_all_the_steps_there_are(play: Play, tmp_path: Path) -> None:
    whole = play(RESET)
    assert whole["code"] == 0
    assert {point for point in whole["points"] if "reveal" in point} == {*OFFERING, *SENDING, *SEEING}
    assert look(tmp_path)[:2] == ("gone", ["seen by reveal"])


@pytest.mark.parametrize("point", [*OFFERING, *SENDING, *SEEING])
def test_it_is_seen_at_most_once_and_nobody_is_left_untold(play: Play, tmp_path: Path, point: str) -> None:
    first = play(RESET, kill=point)
    assert first["signal"] == 9, f"{point} was never reached: {first}"
    assert play(RESET, settle=True)["code"] == 0
    assert look(tmp_path)[:2] == ("gone", ["seen by reveal"])


@pytest.mark.parametrize("point", both("reveal.wrong_code"))
@pytest.mark.parametrize("nth", [1, 5])
def test_a_try_is_counted_or_was_not_made(play: Play, tmp_path: Path, point: str, nth: int) -> None:
    for _ in range(nth - 1):
        assert play(RESET, page_code="000000")["code"] == 0
    assert play(RESET, page_code="000000", kill=point)["signal"] == 9
    made = len(rows(tmp_path, "SELECT * FROM audit WHERE verb = 'reveal.wrong_code'"))
    assert made == (nth if point.endswith("after_commit") else nth - 1)
    for _ in range(6):
        play(RESET, page_code="000000")
    assert len(rows(tmp_path, "SELECT * FROM audit WHERE verb = 'reveal.wrong_code'")) == 5
    state, fates, keys = look(tmp_path)
    assert (state, fates) == ("failed", ["burnt"])
    assert any("alert_reveal_burnt" in key for key in keys)


@pytest.mark.parametrize("point", both("reveal.link_over", "secrets.give_up_credential"))
def test_what_nobody_looks_at_ends_and_people_are_told(play: Play, tmp_path: Path, point: str) -> None:
    assert play(RESET, page_code="-", settle=True, kill=point)["signal"] == 9
    assert play(RESET, page_code="-", settle=True)["code"] == 0
    state, fates, keys = look(tmp_path)
    assert (state, fates) == ("failed", ["given_up"])
    assert any("alert_undelivered" in key for key in keys)
    assert any(":credential-lost:" in key for key in keys)


@pytest.mark.parametrize("point", both("secrets.give_up_reveal_code"))
def test_a_code_for_the_page_that_cannot_leave(play: Play, tmp_path: Path, point: str) -> None:
    """The phone changed hands, as far as anybody can tell, just after the link was sent: no code goes there."""
    before = play(RESET, kill="reveal.offer.after_commit")
    with closing(sqlite3.connect(tmp_path / "outside.db")) as connection, connection:
        moment = datetime.now(UTC).isoformat()
        connection.execute("UPDATE people SET contact_changed_at = ? WHERE employee_id = 'E1019'", (moment,))
    first = play(RESET, settle=True, kill=point)
    assert (before["signal"], first["signal"]) == (9, 9), first
    assert play(RESET, settle=True)["code"] == 0
    state, fates, keys = look(tmp_path)
    assert (state, fates) == ("failed", ["given_up"])
    assert any(":reveal_code-lost:" in key for key in keys)


@pytest.mark.parametrize("point", ["executor.pass_made", *both("executor.reseal", "executor.pass_lost")])
def test_a_pass_made_outside_is_delivered_or_known_to_be_lost(play: Play, tmp_path: Path, point: str) -> None:
    if point.startswith("executor.pass_lost"):
        assert play(PASS, kill="executor.pass_made")["signal"] == 9
    assert play(PASS, kill=point, settle=point.startswith("executor.pass_lost"))["signal"] == 9
    assert play(PASS, settle=True)["code"] == 0
    state, fates, keys = look(tmp_path)
    lost = any(":pass-lost" in key for key in keys)
    assert lost is (point != "executor.reseal.after_commit")
    assert (state, fates) == (("failed", ["lost in doubt"]) if lost else ("gone", ["sent by private_mail"]))
    assert any("alert_pass_lost" in key for key in keys) is lost
