"""The roles as processes of their own on one Postgres: each does its part, holds no more, and stops well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.service import ROOT, SOURCE, Caller, ServiceProcess, deal_keys, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("roles")]
pytest_plugins = ["tests.fixtures_storage"]


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

    def migrate(self) -> None:
        environment = {"LOKET_DATABASE_URL": self.url, "LOKET_HOME": str(self.folder / "migrate"), "PATH": "/usr/bin"}
        command = [sys.executable, "-m", "loket", "migrate"]
        subprocess.run(command, env={**environment, "PYTHONPATH": str(ROOT)}, cwd=self.folder, check=True)


@pytest.fixture
def office(tmp_path: Path, postgres_url: str) -> Iterator[Office]:
    office = Office(tmp_path, postgres_url)
    office.migrate()
    with running(office.executor), running(office.web, office.agent):  # the executor makes the embedded world
        yield office


def cards(posts: list[dict[str, Any]], room: str) -> list[dict[str, Any]]:
    return [post["reply"]["card"] for post in posts if post["room"] == room and post["reply"].get("card")]


def test_a_reset_goes_through_three_processes_and_happens_once(office: Office) -> None:
    caller = Caller(office.web.address)

    assert caller.event("1", "E1002", "please open a ticket: the chair in Z1.03 is broken") == 202
    draft = until(lambda: cards(caller.replies(), "E1002"))[-1]
    status, decision = caller.click("2", "E1002", draft["action_id"], "confirm")

    assert (status, decision["accepted"]) == (200, True)
    told = until(lambda: [p for p in caller.replies() if "done" in str(p["reply"]).lower()])
    assert told
    for process in (office.web, office.agent, office.executor):
        assert process.stop() == 0
