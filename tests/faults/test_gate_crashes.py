"""A real process is killed at every step of the gate; a fresh one on the same home must end it well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.gate_auditor import Findings, look

pytestmark = [pytest.mark.sampled(0.08), pytest.mark.slow]
SCRIPT = Path(__file__).with_name("gate_process.py")
Play = Callable[..., dict[str, Any]]

RESET = {"tool": "reset_my_password", "requester": "E1001"}
BOARD = {"tool": "reset_my_password", "requester": "E1008"}
TICKET = {
    "tool": "create_ticket",
    "requester": "E1001",
    "arguments": {"queue": "IT", "summary": "mouse", "description": "The wheel turns and nothing moves."},
}


def both(*names: str) -> list[str]:
    """Just before and just after a commit."""
    return [f"{name}.{side}" for name in names for side in ("before_commit", "after_commit")]


ALWAYS = [*both("take_up"), "sweep.before_wake", "audit.before_append", "audit.appended"]
PROPOSING = both("propose")
SENDING_CODE = [*both("secrets.make_code"), "secrets.before_code", "secrets.after_code", *both("secrets.mark_code")]
PROVING = both("move.awaiting_proof", "move.awaiting_approval")
VOTING = both("vote.approve", "move.approved")
CLAIMING = ["executor.checked", *both("move.executing")]
ACTING = ["executor.claimed", "executor.before_effect", "executor.acted"]
RECORDING = [*both("move.done"), "executor.recorded"]
DELIVERING = ["secrets.before_credential", "secrets.after_credential", *both("secrets.mark_credential")]
ALL_OF_A_RESET = [*ALWAYS, *PROPOSING, *PROVING, *SENDING_CODE, *VOTING, *CLAIMING, *ACTING, *RECORDING, *DELIVERING]
ALL_OF_A_TICKET = [*ALWAYS, *PROPOSING, *both("move.approved"), *CLAIMING, *ACTING, *RECORDING]
IN_DOUBT = {"move.executing.after_commit", *ACTING, "move.done.before_commit"}
BEFORE_THE_EFFECT = {"move.executing.after_commit", "executor.claimed", "executor.before_effect"}


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


def after_a_crash(play: Play, home: Path, job: dict[str, Any], point: str, **more: Any) -> Findings:
    first = play(job, kill=point, **more)
    assert first["signal"] == 9, f"{point} was never reached: {first}"
    second = play(job, settle=True)
    assert second["code"] == 0, second
    return look(home)


@pytest.mark.parametrize(
    ("job", "points"), [(RESET, ALL_OF_A_RESET), (TICKET, ALL_OF_A_TICKET)], ids=["reset", "ticket"]
)
def test_these_are_all_the_steps_there_are(play: Play, tmp_path: Path, job: dict[str, Any], points: list[str]) -> None:
    """A new fault point must get its crash."""
    whole = play(job)

    assert whole["code"] == 0
    assert set(whole["points"]) == set(points)
    assert look(tmp_path).state == "done"


@pytest.mark.parametrize("point", ALL_OF_A_RESET)
def test_a_reset_survives_a_crash(play: Play, tmp_path: Path, point: str) -> None:
    found = after_a_crash(play, tmp_path, RESET, point)

    assert ("unknown" in found.moves) == (point in IN_DOUBT), "doubt where there is doubt, and nowhere else"
    assert found.state == ("failed" if point in BEFORE_THE_EFFECT else "done")


@pytest.mark.parametrize("point", ALL_OF_A_TICKET)
def test_a_ticket_survives_a_crash_and_is_filed_once(play: Play, tmp_path: Path, point: str) -> None:
    """The ticket system recognises a repeated key, so nothing is left in doubt."""
    found = after_a_crash(play, tmp_path, TICKET, point)

    assert found.state == "done"
    assert "unknown" not in found.moves


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", both("vote.approve"))
def test_no_vote_of_two_is_lost_or_counted_twice(play: Play, tmp_path: Path, point: str, nth: int) -> None:
    found = after_a_crash(play, tmp_path, BOARD, point, nth=nth)

    assert (found.state, found.effects) == ("done", 1)


@pytest.mark.parametrize("point", both("vote.deny", "move.denied"))
def test_a_no_survives_a_crash(play: Play, tmp_path: Path, point: str) -> None:
    first = play(RESET, kill=point, verdict="deny")
    second = play(RESET, settle=True, verdict="deny")

    assert (first["signal"], second["code"]) == (9, 0)
    assert look(tmp_path).state == "denied"


@pytest.mark.parametrize("point", both("move.failed"))
def test_a_refusal_of_the_system_survives_a_crash(play: Play, tmp_path: Path, point: str) -> None:
    found = after_a_crash(play, tmp_path, RESET, point, faults=[["accounts", "refuse"]])

    assert (found.state, found.credentials) == ("failed", 0)


@pytest.mark.parametrize("point", both("move.refused"))
def test_a_code_that_was_guessed_at_too_often_survives_a_crash(play: Play, tmp_path: Path, point: str) -> None:
    first = play(RESET, kill=point, code="000000")
    second = play(RESET, settle=True, code="000000")

    assert (first["signal"], second["code"]) == (9, 0)
    assert look(tmp_path).state == "refused"


@pytest.mark.parametrize("point", both("secrets.give_up_code"))
def test_a_code_that_cannot_leave_is_destroyed_and_the_request_ends(play: Play, tmp_path: Path, point: str) -> None:
    broken = [["notify", "refuse"]] * 40

    first = play(RESET, settle=True, faults=broken, kill=point)
    second = play(RESET, settle=True, faults=broken)

    assert (first["signal"], second["code"]) == (9, 0)
    assert look(tmp_path).state == "expired"


@pytest.mark.parametrize("point", both("move.unknown"))
def test_a_doubt_survives_a_crash_and_reading_ends_it(play: Play, tmp_path: Path, point: str) -> None:
    found = after_a_crash(play, tmp_path, RESET, point, faults=[["accounts", "after"]])

    assert (found.state, found.credentials) == ("done", 1)


@pytest.mark.parametrize("point", both("secrets.give_up_credential"))
def test_a_credential_that_cannot_leave_is_destroyed_and_a_person_is_told(
    play: Play, tmp_path: Path, point: str
) -> None:
    done = play(RESET, kill="secrets.before_credential")
    broken = [["notify", "refuse"]] * 20

    first = play(RESET, settle=True, faults=broken, kill=point)
    second = play(RESET, settle=True, faults=broken)

    assert (done["signal"], first["signal"], second["code"]) == (9, 9, 0)
    found = look(tmp_path)
    assert (found.state, found.credentials, found.envelope) == ("done", 0, "failed")
    assert "alert_undelivered" in found.alerts


def test_five_crashes_in_a_row_change_nothing(play: Play, tmp_path: Path) -> None:
    points = [
        "move.awaiting_proof.after_commit",
        "vote.approve.before_commit",
        "executor.acted",
        "move.unknown.before_commit",
    ]
    for point in points:
        assert play(RESET, kill=point)["signal"] == 9, point
    play(RESET, settle=True)

    assert look(tmp_path).effects == 1
