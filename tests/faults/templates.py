"""Prepared homes and databases, copied for each run; and the settings of a process under faults."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from loket.bench.servers.databases import clone_database, fresh_database
from tests.faults.forking import Forker
from tests.faults.service_child import Job

SOURCE = "local"
SECRET = "a-secret-of-the-tests-0123456789-abcdefghij"
WORKERS = {"sqlite": 1, "postgres-1": 1, "postgres-3": 3}
SETTINGS = {
    "LOKET_SERVE_PORT": "0",
    "LOKET_SERVE_BEAT_SECONDS": "0.3",
    "LOKET_SERVE_DEAD_SECONDS": "1.5",
    "LOKET_SERVE_SWEEP_SECONDS": "0.5",
    "LOKET_SERVE_DRAIN_SECONDS": "10",
    "LOKET_GATE_EFFECT_SECONDS": "2",
    "LOKET_GATE_APPROVERS_CHANNEL": "door",
    "LOKET_GATE_APPROVERS_TENANT": SOURCE,
    "LOKET_EVENTS_KEYS": f"{SOURCE}={SECRET}",
}


class Templates:
    """Prepared homes and databases, one for each kind of database; made at the first use, copied afterwards."""

    def __init__(self, forker: Forker, folder: Path, postgres: str = "") -> None:
        self._forker = forker
        self._folder = folder
        self._postgres = postgres
        self._made: dict[str, tuple[Path, str]] = {}

    def copy(self, kind: str, folder: Path) -> str:
        """Fill `folder/{shared,world,keys,w1…}` for an arrangement; returns the database's URL, empty for SQLite."""
        on = "sqlite" if kind == "sqlite" else "postgres"
        if on not in self._made:
            self._made[on] = self._make(on)
        template, url = self._made[on]
        (folder / "shared").mkdir(parents=True)
        for number in range(WORKERS[kind]):
            shutil.copytree(template / "home", folder / f"w{number + 1}")
        for shared in ("world", "keys"):
            shutil.copytree(template / shared, folder / shared)
        return clone_database(url) if url else ""

    def _make(self, on: str) -> tuple[Path, str]:
        template = self._folder / f"template-{on}"
        (template / "home").mkdir(parents=True)
        (template / "shared").mkdir()
        url = fresh_database(self._postgres) if on == "postgres" else ""
        environment = environment_of(template / "home", template, url)
        pid = self._forker.start(Job(str(template / "home"), str(template / "shared"), environment, do="prepare"))
        while (code := self._forker.ended(pid)) is None:
            time.sleep(0.05)
        assert code == 0, (template / "home" / "output").read_text()
        for left in ("points", "output"):
            (template / "home" / left).unlink(missing_ok=True)
        return template, url


def environment_of(home: Path, folder: Path, url: str) -> dict[str, str]:
    """The environment of a process with this home; the rest lies in `folder`."""
    places = {"LOKET_HOME": home, "LOKET_WORLD_FOLDER": folder / "world", "LOKET_KEYS_FOLDER": folder / "keys"}
    database = {"LOKET_DATABASE_URL": url} if url else {}
    return {**SETTINGS, **{name: str(place) for name, place in places.items()}, **database}
