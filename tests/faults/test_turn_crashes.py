"""SIGKILL at every step of a turn, with both engines: nothing is lost or done twice, and the person is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from actions.tables import actions
from agent.tables import turns
from loket.home import Home
from loket.terminal.channel import TerminalChannel
from storage import Database
from storage.audit_verifier import verify
from storage.tables import outbox
from tests.handbooks import prepare

pytestmark = [pytest.mark.sampled(0.05), pytest.mark.slow, pytest.mark.xdist_group("turn-crashes")]

TEXT = "please open a ticket for my chair"
POINTS = (
    "desk.put.before_commit",
    "desk.put.after_commit",
    "turn.loaded",
    "turn.thought",
    "turn.before_commit",
    "turn.after_commit",
    "delivery.before_send",
    "delivery.after_send",
)
MAY_REPEAT_TEXT = {"delivery.after_send"}

Play = Callable[..., dict[str, int]]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """Runs one job in a process of its own: home, engine, where to kill it, what to say."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.turn_process"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def job(home: Path, engine: str, kill_at: str = "", say: str = "", stop: str = "") -> dict[str, int]:
        asked = {"home": str(home), "engine": engine, "kill_at": kill_at, "say": say, "stop": stop}
        stdin.write(json.dumps(asked) + "\n")
        stdin.flush()
        ended: dict[str, int] = json.loads(stdout.readline())
        return ended

    yield job
    stdin.close()
    process.wait(timeout=10)
    stdout.close()


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """An empty counter."""
    await prepare(tmp_path / "home", (), "")
    return tmp_path / "home"


class Left:
    """What a dead or finished process left in its home."""

    def __init__(self, home: Path) -> None:
        database = Database(f"sqlite:///{home / 'loket.sqlite'}")
        try:
            with database.reading() as tx:
                self.outcomes = list(tx.execute(sa.select(turns.c.outcome)).scalars())
                self.drafts = tx.execute(sa.select(sa.func.count()).select_from(actions)).scalar_one()
                self.unsent = list(tx.execute(sa.select(outbox.c.key).where(outbox.c.state != "sent")).scalars())
            assert verify(database.url).problems == ()
        finally:
            database.close()
        posts = [line for line in TerminalChannel(Home(home).rooms).unseen("E1002") if not line.replaces]
        self.answers = [line.reply.text for line in posts if line.reply.outcome is not None or line.reply.card]
        self.notices = [line.reply.text for line in posts if line.reply.outcome is None and not line.reply.card]


@pytest.mark.parametrize("engine", ["inline", "dbos"])
@pytest.mark.parametrize("point", POINTS)
def test_a_turn_killed_anywhere_is_committed_once_and_answered(play: Play, home: Path, engine: str, point: str) -> None:
    assert play(home, engine, kill_at=point, say=TEXT) == {"signal": 9}
    # A channel that got no acknowledgement delivers again.
    assert play(home, engine, say=TEXT if point == "desk.put.before_commit" else "") == {"code": 0}
    left = Left(home)
    assert left.outcomes == ["proposed"]
    assert left.drafts == 1
    assert left.unsent == []
    assert len(set(left.answers)) == 1
    assert len(left.answers) + len(left.notices) == 2 or point in MAY_REPEAT_TEXT
    assert len(left.answers) + len(left.notices) <= 3


@pytest.mark.parametrize("engine", ["inline", "dbos"])
def test_a_message_that_keeps_crashing_is_given_up_and_the_person_is_told(play: Play, home: Path, engine: str) -> None:
    ends = [play(home, engine, kill_at="turn.thought", say=TEXT)]
    while ends[-1] == {"signal": 9} and len(ends) < 8:
        ends.append(play(home, engine, kill_at="turn.thought"))
    assert ends[-1] == {"code": 0}
    left = Left(home)
    assert left.outcomes == ["failed_crashed"]
    assert left.drafts == 0
    assert left.unsent == []
    assert len(left.answers) == 1
    assert "more than once" in left.answers[0]


def test_a_message_handed_in_again_after_its_answer_changes_nothing(play: Play, home: Path) -> None:
    assert play(home, "inline", say=TEXT) == {"code": 0}
    assert play(home, "inline", say=TEXT) == {"code": 0}
    left = Left(home)
    assert left.outcomes == ["proposed"]
    assert left.drafts == 1
    assert len(left.answers) == 1
