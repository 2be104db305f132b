"""The roles as processes of their own on one Postgres: each does its part, holds no more, and stops well."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded import World
from tests.models import ScriptedModel, calls, says
from tests.servers.service import ROOT, SOURCE, Caller, ServiceProcess, deal_keys, running, until
from tests.servers.strict_llm import strict_llm

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("roles")]
pytest_plugins = ["tests.fixtures_storage"]
FULL = "Full-time employees get 200 hours of annual leave a year."
QUESTION = "how many hours of annual leave do I get?"
RULES = f"---\ntitle: Leave\nowner: HR\nlanguage: en\n---\n\n# Annual leave\n\n{FULL}\n"


class Office:
    """Three processes and the program at their door."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        keys = folder / "all-keys"
        self.settings = {
            "LOKET_DATABASE_URL": url,
            "LOKET_WORLD_FOLDER": str(folder / "world"),
            "LOKET_GATE_APPROVERS_CHANNEL": "door",
            "LOKET_GATE_APPROVERS_TENANT": SOURCE,
        }
        for role in ("web", "agent", "executor"):
            deal_keys(keys, role, folder / role)
        self.web = self.process("web")
        self.agent = self.process("agent")
        self.executor = self.process("executor")

    def process(self, role: str, **settings: str) -> ServiceProcess:
        return ServiceProcess(role, self.folder / role, {**self.settings, **settings})

    def run(self, *arguments: str, home: str = "migrate") -> None:
        """One command, as an operator would give it."""
        environment = {
            "PATH": "/usr/bin",
            "LOKET_DATABASE_URL": self.url,
            "LOKET_HOME": str(self.folder / home),
            "LOKET_KEYS_FOLDER": str(self.folder / "all-keys"),
            "LOKET_WORLD_FOLDER": str(self.folder / "world"),
        }
        command = [sys.executable, "-m", "loket", *arguments]
        subprocess.run(command, env={**environment, "PYTHONPATH": str(ROOT)}, cwd=self.folder, check=True)


@contextmanager
def open_office(office: Office) -> Iterator[Caller]:
    """All three at work, and a program at their door."""
    with running(office.executor), running(office.web, office.agent):  # the executor makes the embedded world
        yield Caller(office.web.address)


@pytest.fixture
def office(tmp_path: Path, postgres_url: str) -> Office:
    office = Office(tmp_path, postgres_url)
    office.run("migrate")
    return office


def cards(posts: list[dict[str, Any]], room: str) -> list[dict[str, Any]]:
    return [post["reply"]["card"] for post in posts if post["room"] == room and post["reply"].get("card")]


def test_a_ticket_goes_through_three_processes_and_is_filed_once(office: Office) -> None:
    with open_office(office) as caller:
        assert caller.event("1", "E1002", "please open a ticket: the chair in Z1.03 is broken") == 202
        draft = until(lambda: cards(caller.replies(), "E1002"))[-1]
        status, decision = caller.click("2", "E1002", draft["action_id"], "confirm")

        assert (status, decision["accepted"]) == (200, True)
        assert until(lambda: [p for p in caller.replies() if "done" in str(p["reply"]).lower()])
        assert [process.stop() for process in (office.web, office.agent, office.executor)] == [0, 0, 0]
    world = World(
        office.folder / "world" / "world.sqlite", lambda: datetime.now(UTC), office.folder / "world" / "notes"
    )
    assert [effect.kind for effect in world.effects()] == ["ticket_created"]


def test_a_source_hears_that_its_event_was_taken_in_while_no_agent_works(office: Office) -> None:
    with running(office.executor), running(office.web):
        caller = Caller(office.web.address)
        with caller.stream() as events:
            assert caller.event("1", "E1002", QUESTION) == 202
            kind, data = next(iter(events))
    assert (kind, data["event"], data["user"]) == ("taken", "1", "E1002")


@pytest.mark.thorough
async def test_checked_sentences_cross_from_the_agent_to_whoever_reads_at_the_web(office: Office) -> None:
    """The model writes one sentence that rests on the handbook and one that does not."""
    (office.folder / "handbook").mkdir()
    (office.folder / "handbook" / "leave.md").write_text(RULES)
    await asyncio.to_thread(office.run, "policies", "ingest", str(office.folder / "handbook"), home="agent")
    said = f"{FULL} [1] You also get 400 hours of sabbatical leave each year. [1]"
    turns = [calls("search_policies", question=QUESTION), says(said)]
    async with strict_llm(ScriptedModel(turns), 0.02) as model:
        settings = {"LOKET_LLM_BASE_URL": model.url, "LOKET_LLM_MODEL": "m", "LOKET_LLM_KEY": "k"}
        office.agent = office.process("agent", **settings)
        seen = await asyncio.to_thread(_ask_and_watch, office)
        assert model.violations == []
    kinds = [kind for kind, _ in seen]
    assert kinds.index("begun") < kinds.index("sentence") < kinds.index("post")
    assert [data["text"] for kind, data in seen if kind == "sentence"] == [f"{FULL} [1]"]
    assert "sabbatical" not in str(seen)


def _ask_and_watch(office: Office) -> list[tuple[str, Any]]:
    with open_office(office) as caller, caller.stream() as events:
        assert caller.event("1", "E1002", QUESTION) == 202
        seen: list[tuple[str, Any]] = []
        for kind, data in events:
            seen.append((kind, data))
            if kind == "post" and data["reply"]["outcome"] == "answered":
                return seen
    raise AssertionError(f"no answer came: {seen}")


@pytest.mark.thorough
def test_a_process_that_is_stopped_in_the_middle_of_a_turn_leaves_in_time_and_another_answers(office: Office) -> None:
    """The model hangs for a minute: the draining agent does not wait for it."""
    hanging = {"LOKET_LLM_BASE_URL": "http://127.0.0.1:9/v1", "LOKET_LLM_MODEL": "m", "LOKET_LLM_KEY": "k"}
    with closing(socket.socket()) as silent:  # accepts and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        hanging["LOKET_LLM_BASE_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        office.agent = office.process("agent", LOKET_SERVE_DRAIN_SECONDS="3", **hanging)
        with open_office(office) as caller:
            assert caller.event("1", "E1002", "who is the manager of priya?") == 202
            time.sleep(2)
            began = time.monotonic()
            assert office.agent.stop() == 0
            assert time.monotonic() - began < 30  # the model would have hung for a minute
            with running(office.process("agent")):
                assert until(caller.replies, 60)
