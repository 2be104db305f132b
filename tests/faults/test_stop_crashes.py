"""SIGKILL around a stop: what was stopped is never answered, what was not is, and the person hears of it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.test_turn_crashes import TEXT, Left, Play, home, play

__all__ = ["home", "play"]  # fixtures

pytestmark = [pytest.mark.sampled(0.05), pytest.mark.slow, pytest.mark.xdist_group("turn-crashes")]


@pytest.mark.parametrize("engine", ["inline", "dbos"])
@pytest.mark.parametrize(
    ("point", "stop", "outcome"),
    [
        ("desk.stop.before_commit", "waiting", "proposed"),  # nobody was promised that it stops: it is answered
        ("desk.stop.after_commit", "waiting", "stopped"),
        ("turn.opened", "waiting", "stopped"),
        ("turn.before_commit", "waiting", "stopped"),
        ("turn.after_commit", "waiting", "stopped"),
        ("turn.stopped", "thinking", "stopped"),
    ],
)
def test_a_process_that_dies_around_a_stop_leaves_one_ending(
    play: Play, home: Path, engine: str, point: str, stop: str, outcome: str
) -> None:
    assert play(home, engine, kill_at=point, say=TEXT, stop=stop) == {"signal": 9}
    assert play(home, engine) == {"code": 0}
    left = Left(home)
    assert left.outcomes == [outcome]
    assert left.drafts == (1 if outcome == "proposed" else 0)
    assert left.unsent == []
    assert len(set(left.answers)) == 1
