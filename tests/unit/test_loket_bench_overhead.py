"""The overhead bench counts what it says: all threads of a process, only good turns, ratios of the same database."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent.turn import TurnSummary
from core.outcomes import Outcome
from loket.bench.contestants import Surroundings, WrongAnswer
from loket.bench.contestants.ended_turns import EndedTurns
from loket.bench.contestants.plain_agent import PlainAgent
from loket.bench.cpu import cpu_seconds, family, open_files, resident_bytes
from loket.bench.overhead import Measured, measure, rows_of
from loket.bench.profiling import ThreadProfiles, room_of
from loket.bench.servers.llm import running_llm

BUSY = "import time\nwhile time.process_time() < 0.4: pass\nprint(flush=True)\ninput()"


def busy(seconds: float) -> None:
    """Use CPU in this thread, for so long."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


# --- what other processes use -------------------------------------------------------------------------------------


def test_cpu_memory_and_files_of_a_process_are_counted_with_its_children() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        assert len(family(process.pid)) == 2
        assert 0.35 < cpu_seconds(process.pid) < 2
        assert resident_bytes(process.pid) > 2_000_000
        assert open_files(process.pid) >= 6
        process.stdin.close()


def test_the_cpu_of_a_child_that_has_ended_is_not_forgotten() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], input=b'x')\nprint()\ninput()"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        process.stdout.readline()
        assert len(family(process.pid)) == 1
        assert cpu_seconds(process.pid) > 0.35
        process.stdin.close()


# --- profiles ----------------------------------------------------------------------------------------------------


def test_a_profile_holds_every_thread_and_only_what_came_after_the_snapshot() -> None:
    profiles = ThreadProfiles()
    profiles.begin()
    try:
        busy(0.05)
        before = profiles.snapshot()
        thread = threading.Thread(target=busy, args=(0.1,))
        thread.start()
        thread.join()
        spent = profiles.since(before)
    finally:
        threading.setprofile(None)
        sys.setprofile(None)
    found = {name: values for name, values in spent.items() if name.endswith(" busy")}
    assert len(found) == 1
    ((seconds, calls),) = found.values()
    assert calls == 1
    assert 0.05 < seconds < 0.2


@pytest.mark.parametrize(
    ("place", "room"),
    [
        (f"{Path(__file__).parents[2]}/agent/think.py:41 __call__", "agent"),
        (f"{Path(__file__).parents[2]}/loket/engine/attempts.py:3 attempt", "loket/engine"),
        ("lib/python3.11/site-packages/sqlalchemy/engine/base.py:1 execute", "sqlalchemy"),
        ("lib/python3.11/site-packages/typing_extensions.py:9 f", "typing_extensions"),
        ("lib/python3.11/asyncio/events.py:78 _run", "Python: asyncio"),
    ],
)
def test_a_place_belongs_to_a_room_of_ours_or_to_a_library(place: str, room: str) -> None:
    assert room_of(place) == room


# --- ends --------------------------------------------------------------------------------------------------------


async def test_a_turn_that_ended_otherwise_is_told_as_it_ended() -> None:
    ended = EndedTurns()
    good, bad, other = ended.expect("e1"), ended.expect("e2"), ended.expect("e3")
    ended.hear(TurnSummary("e1", Outcome.ANSWERED, model="stand-in"))
    ended.hear(TurnSummary("e2", Outcome.FAILED_MODEL))
    ended.hear(TurnSummary("e3", repeated=True))
    ended.hear(TurnSummary("somebody else's", Outcome.ANSWERED))
    assert (good.result(), bad.result()) == (("answered", "stand-in"), ("failed_model", ""))
    assert not other.done()


async def test_an_agent_that_does_not_use_its_tool_is_not_counted(tmp_path: Path) -> None:
    agent = PlainAgent(Surroundings("http://127.0.0.1:9/v1", tmp_path))

    class Silent:
        async def ainvoke(self, *_: object, **__: object) -> dict[str, list[object]]:
            return {"messages": []}

    agent._agent = Silent()
    with pytest.raises(WrongAnswer):
        await agent.turn("t1")


async def test_the_plain_agent_answers_through_its_tool_and_keeps_its_thread(tmp_path: Path) -> None:
    with running_llm(0) as url:
        agent = PlainAgent(Surroundings(url, tmp_path))
        await agent.open()
        await asyncio.gather(agent.turn("t1"), agent.turn("t2"))
        kept = await agent._agent.aget_state({"configurable": {"thread_id": "t1"}})
        assert [message.type for message in kept.values["messages"]] == ["human", "ai", "tool", "ai"]
        await agent.close()


# --- rows --------------------------------------------------------------------------------------------------------


def test_the_counter_is_held_against_the_agents_on_the_same_database() -> None:
    def one(database: str, name: str, cpu: float) -> Measured:
        return Measured(database, name, (cpu, cpu, cpu * 3), (1.0,) * 3, (50.0,) * 3)

    measured = [one("sqlite", "plain", 10), one("sqlite", "dbos", 20), one("sqlite", "loket", 14)]
    measured += [one("postgres", "plain", 10), one("postgres", "dbos", 20), one("postgres", "loket", 30)]
    targets = [row.target for row in rows_of(measured)]
    assert targets[2].startswith("1.40 times the first (at most 1.5), below 20.0")
    assert targets[5].startswith("3.00 times the first (at most 1.5), below 20.0")
    assert [bool(target) for target in targets] == [False, False, True] * 2


@pytest.mark.thorough
@pytest.mark.slow
def test_all_three_finish_a_round_and_cost_something(tmp_path: Path) -> None:
    measured = measure("sqlite", tmp_path, 10, 1, profile=True, heard=lambda: None)
    assert [one.name for one in measured] == ["plain", "dbos", "loket"]
    assert all(one.typical > 1 for one in measured)
    rooms = {room_of(place) for place in measured[-1].spent}
    assert {"agent", "storage", "sqlalchemy", "loket/engine", "httpx"} <= rooms
