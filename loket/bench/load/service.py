"""The service as an agency runs it, started for a measurement: its processes, its database, the stand-in model."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import defpath
from pathlib import Path

from actions.keys import FILES, ROLE_RINGS, GateKeys
from connectors.embedded import World
from loket.bench import MeasurementFailed
from loket.bench.servers.databases import fresh_database
from loket.bench.servers.llm import MODEL, running_llm
from loket.bench.servers.postgres import DURABLE, running_postgres
from web_app.forms import CHANNEL

SOURCE = "local"
STOP_SECONDS = 45
OPEN = "Loket is open: "
NO_LIMIT = str(10**9)
COMMAND = "from loket.command import main; main()"


@dataclass(frozen=True, slots=True)
class Shape:
    """Which processes there are. `database` is `sqlite` (one process) or `postgres`; `llm_ms` is for each call.

    `sentences` and `apart_ms` are for the long answers of the model, where it gives any.
    """

    database: str = "postgres"
    agents: int = 1
    llm_ms: int = 300
    sentences: int = 0
    apart_ms: int = 0

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the processes."""
        return ("all",) if self.database == "sqlite" else ("executor", *["agent"] * self.agents, "web")


@dataclass
class Place:
    """Where everything of one run is. `secret` signs for the source `local`; `server_pid` is Postgres's.

    `settings` are for all processes beside the usual ones, `edge_settings` for those that people talk with.
    """

    shape: Shape
    folder: Path
    llm_url: str
    database_url: str
    secret: str
    server_pid: int = 0
    pids: dict[str, int] = field(default_factory=dict)
    address: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    edge_settings: dict[str, str] = field(default_factory=dict)

    @property
    def world_folder(self) -> Path:
        """The embedded outside world, shared by all processes."""
        return self.folder / "world"

    def world(self) -> World:
        """The outside world, to add people to."""
        return World(self.world_folder / "world.sqlite", lambda: datetime.now(UTC), self.world_folder / "notes")


@contextmanager
def prepared(shape: Shape, folder: Path) -> Iterator[Place]:
    """A database with its tables, an outside world and a model; nothing is served yet."""
    with ExitStack() as running:
        llm_url = running.enter_context(running_llm(shape.llm_ms, shape.sentences, shape.apart_ms))
        place = Place(shape, folder, llm_url, f"sqlite:///{folder / 'all' / 'loket.sqlite'}", secrets.token_urlsafe(32))
        if shape.database == "postgres":
            cluster = running.enter_context(running_postgres(DURABLE))
            place.database_url, place.server_pid = fresh_database(cluster.url), cluster.pid
        place.world()
        _keys(place)
        _finish(place, "migrate")
        yield place


@contextmanager
def served(place: Place) -> Iterator[None]:
    """All processes of the shape, ready for work; stopped as an operator stops them.

    Raises `MeasurementFailed` with the last words of a process that does not come up.
    """
    started: dict[str, subprocess.Popen[str]] = {}
    try:
        for number, role in enumerate(place.shape.roles):
            name = f"{role}-{number}"
            started[name] = _start(place, role, name, ["serve", "--role", role])
        for name, process in started.items():
            address = _wait_until_open(process, place, name)
            place.pids[name] = process.pid
            if name.startswith(("all", "web")):
                place.address = address
        yield
    finally:
        place.pids.clear()
        for process in started.values():
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in started.values():
            _end(process, until)


def read_in(place: Place, documents: Path) -> None:
    """Read a folder of policies in, where the process that thinks will look for them."""
    thinks = "all" if place.shape.database == "sqlite" else "agent"
    name = next(f"{role}-{number}" for number, role in enumerate(place.shape.roles) if role == thinks)
    _finish(place, "policies", "ingest", str(documents), name=name)  # an admin's work, with an admin's keys


def _start(place: Place, role: str, name: str, arguments: list[str]) -> subprocess.Popen[str]:
    folder = place.folder / name
    folder.mkdir(exist_ok=True)
    with (folder / "errors.txt").open("a") as errors:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=_environment(place, role, name),
        )


def _environment(place: Place, role: str, name: str) -> Mapping[str, str]:
    """All of it, so that nothing of whoever runs the measurement gets in."""
    embedded = place.shape.database == "sqlite"
    values = {
        "PATH": defpath,
        "LANG": "C.UTF-8",
        "LOKET_HOME": str(place.folder / ("all" if embedded else name)),
        "LOKET_KEYS_FOLDER": str(place.folder / "keys" / ("all" if embedded else role)),
        "LOKET_WORLD_FOLDER": str(place.world_folder),
        "LOKET_DATABASE_URL": "" if embedded else place.database_url,
        "LOKET_ENGINE": "dbos",
        "LOKET_SERVE_PORT": "0",
        "LOKET_GATE_APPROVERS_CHANNEL": CHANNEL,
        "LOKET_AGENT_PERSON_TURNS_PER_HOUR": NO_LIMIT,
        "LOKET_AGENT_PERSON_TOKENS_PER_DAY": NO_LIMIT,
        "LOKET_AGENT_ORGANISATION_TOKENS_PER_DAY": NO_LIMIT,
    }
    if role in ("all", "agent"):
        values |= {"LOKET_LLM_BASE_URL": place.llm_url, "LOKET_LLM_MODEL": MODEL, "LOKET_AI_LEVEL": "act"}
    if role in ("all", "web"):
        values["LOKET_EVENTS_KEYS"] = f"{SOURCE}={place.secret}"
        values |= place.edge_settings
    return values | place.settings


def _keys(place: Place) -> None:
    """The same rings for everybody, each role with its own only."""
    every = place.folder / "keys" / "all"
    GateKeys.load(every)
    for role, rings in ROLE_RINGS.items():
        own = place.folder / "keys" / role
        own.mkdir(exist_ok=True)
        for ring in rings if role != "all" else ():
            shutil.copy(every / FILES[ring], own / FILES[ring])


def _finish(place: Place, *arguments: str, name: str = "prepare") -> None:
    role = "all" if name != "prepare" or not place.server_pid else "executor"
    process = _start(place, role, name, list(arguments))
    said, _ = process.communicate(timeout=120)
    if process.returncode:
        raise MeasurementFailed(f"loket {' '.join(arguments)} failed: {said}{_last_words(place, name)}")


def _wait_until_open(process: subprocess.Popen[str], place: Place, name: str) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for above
    for line in process.stdout:
        if line.startswith(OPEN):
            return line.removeprefix(OPEN).split()[0]
    raise MeasurementFailed(f"{name} did not come up: {_last_words(place, name)}")


def _last_words(place: Place, name: str) -> str:
    return (place.folder / name / "errors.txt").read_text(errors="replace")[-1500:]


def _end(process: subprocess.Popen[str], until: float) -> None:
    try:
        process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
