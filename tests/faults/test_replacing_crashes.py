"""SIGKILL while a draft takes the place of another, or is voided for a newer version: one, told once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actions.records import State
from tests.desk import Desk

pytestmark = [pytest.mark.sampled(0.25), pytest.mark.slow]
ROOT = Path(__file__).parents[2]


def killed(home: Path, how: str, point: str) -> None:
    command = [sys.executable, "-m", "tests.faults.replacing_process", str(home), how, point]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -9, f"{point} was never reached: {ended.stderr[-400:]}"


@pytest.mark.parametrize("side", ["before_commit", "after_commit"])
async def test_an_edit_leaves_exactly_one_open_draft(tmp_path: Path, side: str) -> None:
    killed(tmp_path, "edit", f"editing.replace.{side}")
    async with Desk.start(home=tmp_path, documents=()) as desk:
        await desk.clock.advance(seconds=5)
        waiting = await desk.counter.gate.waiting()
        assert [action.state for action in waiting] == [State.AWAITING_CONFIRMATION]
        assert waiting[0].arguments["summary"] == "Printer on floor two jams"
        assert desk.effects() == []


@pytest.mark.parametrize(("side", "left"), [("before_commit", [State.AWAITING_CONFIRMATION]), ("after_commit", [])])
async def test_a_draft_of_an_older_version_is_void_and_told_or_neither(
    tmp_path: Path, side: str, left: list[State]
) -> None:
    killed(tmp_path, "void", f"outdated.void.{side}")
    async with Desk.start(home=tmp_path, documents=()) as desk:
        assert [action.state for action in await desk.counter.gate.waiting()] == left
        told = [text for text in desk.sinks()["table outbox"].splitlines() if "cancelled" in text]
        assert bool(told) is (not left)
