"""Inside a process under faults: the real `loket serve`, with shorter times, a hook at the points, maybe a bug."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

HANDBOOK = ("leave-2026.md", "passwords-mfa.md")
LEASE_SECONDS = 4.0
"""Of an item that is being sent; a minute in the product. Whoever waits for it in a test waits this long."""


@dataclass(frozen=True)
class Fault:
    """At the `nth` reach of `point` the process dies (`kill`) or stops (`pause`): the first of all that comes there."""

    point: str
    way: str = "kill"
    nth: int = 1


@dataclass(frozen=True)
class Job:
    """One process. `shared` is the folder of all processes of the arrangement; `own` of this one alone.

    Of `faults` each waits until the one before has happened. `patches` are named in `planted.py`.
    """

    own: str
    shared: str
    environment: dict[str, str]
    faults: list[dict[str, Any]] = field(default_factory=list)
    patches: list[str] = field(default_factory=list)
    do: str = "serve"


class Hook:
    """Notes every point that is reached, and carries the faults out once the folder `shared` holds `armed`."""

    def __init__(self, job: Job) -> None:
        self._shared = Path(job.shared)
        self._faults = [Fault(**fault) for fault in job.faults]
        self._seen: Counter[int] = Counter()
        self._points = os.open(Path(job.own) / "points", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def __call__(self, name: str) -> None:
        """`name` was reached, in whatever thread."""
        os.write(self._points, f"{name}\n".encode())
        for number, fault in enumerate(self._faults):
            if fault.point == name and self._due(number) and self._first(number, fault):
                os.kill(os.getpid(), signal.SIGKILL if fault.way == "kill" else signal.SIGSTOP)

    def _due(self, number: int) -> bool:
        if not (self._shared / "armed").exists():
            return False
        if any(not (self._shared / f"fault-{before}").exists() for before in range(number)):
            return False
        self._seen[number] += 1
        return self._seen[number] >= self._faults[number].nth

    def _first(self, number: int, fault: Fault) -> bool:
        """Only the first process of all, and only once."""
        try:
            file = os.open(self._shared / f"fault-{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return False
        os.write(file, f"{os.getpid()} {time.time()} {fault.way}".encode())
        os.close(file)
        return True


class SharedClock:
    """How far the tests have moved time on, in seconds: the same for all processes, at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = (0, timedelta(0))

    def offset(self, _database: object) -> timedelta:
        """As the file says now."""
        try:
            changed = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return timedelta(0)
        if changed != self._read[0]:
            self._read = (changed, timedelta(seconds=float(self._file.read_text() or 0)))
        return self._read[1]


def run(job: Job, embedder: Any) -> None:
    """Be that process. Never returns."""
    try:
        _redirect(Path(job.own) / "output")
        os.environ.update(job.environment)
        os.chdir(job.own)
        _shorten()
        _share_clock(Path(job.shared) / "clock")
        _borrow(embedder)
        _patch(job)
        _install(job)
        {"serve": _serve, "prepare": _prepare, "prune": _prune}[job.do]()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - a forked child must never run its parent's code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def _redirect(output: Path) -> None:
    file = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(file, stream)


def _shorten() -> None:
    """What takes a minute in the product and is no setting: a test waits for it again and again."""
    from storage import outbox

    outbox.claim = partial(outbox.claim, lease_seconds=LEASE_SECONDS)


def _share_clock(file: Path) -> None:
    from storage import Database

    clock = SharedClock(file)
    Database.clock_offset = property(clock.offset, lambda _self, _value: None)  # type: ignore[assignment]


def _borrow(embedder: Any) -> None:
    """The weights, which the parent has read: a second less for each start."""
    import loket.bootstrap
    import loket.outside.models

    loket.outside.models.embedder_of = loket.bootstrap.embedder_of = lambda _settings: embedder  # type: ignore[attr-defined]


def _patch(job: Job) -> None:
    if job.patches:
        from tests.faults.planted import plant

        for name in job.patches:
            plant(name)


def _install(job: Job) -> None:
    from storage.faultpoint import install

    install(Hook(job))


def _serve() -> None:
    from loket.command.serve import serve
    from loket.service.roles import Role

    serve(Role.ALL)


def _prepare() -> None:
    """Tables, first rules and a small handbook, once for all arrangements."""
    import asyncio

    asyncio.run(_fill())


def _prune() -> None:
    """One round of retention, a few rows at a time."""
    import asyncio

    from loket.home import Home
    from loket.retention.retention import Retention, periods_of
    from loket.settings import read_settings
    from storage import Database

    settings = read_settings()
    database = Database(settings.database)
    periods = periods_of(settings.agent, settings.retention)
    asyncio.run(Retention(database, Home(settings.home), periods, batch=1).once())


async def _fill() -> None:
    from loket.bootstrap import build
    from loket.service.preparing import prepare as migrate
    from loket.settings import read_settings
    from tests.handbooks import SAMPLES, write_documents

    settings = read_settings()
    await migrate(settings)
    counter = build(settings)
    await counter.open()
    documents = {name: (SAMPLES / name).read_text(encoding="utf-8") for name in HANDBOOK}
    write_documents(settings.home / "documents", documents)
    await counter.library.ingest(settings.home / "documents", "handbook")
    with counter.examples.remembering():
        await counter.runner.warm()
    await counter.close()
