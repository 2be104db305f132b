"""Which processes there are: one on SQLite, or one or three on a Postgres of our own; and their supervisor."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from loket.bench.servers.databases import drop_database
from tests.faults.forking import Forker
from tests.faults.service_child import Fault, Job
from tests.faults.templates import WORKERS, Templates, environment_of

PAUSE_SECONDS = 3.0
"""How long a stopped process stands still: twice as long as the others wait before they take its work over."""
_OPEN = re.compile(r"Loket is open: (http://[\w.\[\]:]+)")


@dataclass
class Worker:
    """One place for a process: its folder stays, the process in it may die and be started again."""

    home: Path
    pid: int = 0
    address: str = ""
    code: int | None = None
    started_at: float = 0.0
    ready_after: float = 0.0
    read_from: int = 0

    @property
    def lives(self) -> bool:
        """Whether its process takes work."""
        return self.code is None and bool(self.address)

    @property
    def output(self) -> Path:
        """What it said."""
        return self.home / "output"

    def look(self) -> None:
        """Find out where it listens, once it says so."""
        if not self.address and self.output.exists():
            said = self.output.read_text(errors="replace")[self.read_from :]
            if match := _OPEN.search(said):
                self.address = match.group(1)
                self.ready_after = time.monotonic() - self.started_at


@dataclass
class Arrangement:
    """Processes, and what they share. `tick` is the supervisor: call it every tenth of a second."""

    kind: str
    folder: Path
    templates: Templates
    forker: Forker
    faults: Sequence[Fault] = ()
    patches: Sequence[str] = ()
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    workers: list[Worker] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    continued: set[int] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    stopping: bool = False
    first: int = 3

    def open(self) -> None:
        """Copy what is prepared and start the processes, `first` of them at most; do not wait."""
        self.url = self.templates.copy(self.kind, self.folder)
        self.workers = [Worker(self.folder / f"w{number + 1}") for number in range(WORKERS[self.kind])]
        for worker in self.workers[: self.first]:
            self.start(worker)

    @property
    def database(self) -> str:
        """Where the ledger lies."""
        return self.url or f"sqlite:///{self.workers[0].home / 'loket.sqlite'}"

    @property
    def shared(self) -> Path:
        """What the processes under faults share with the test."""
        return self.folder / "shared"

    def start(self, worker: Worker, **changes: str) -> None:
        """Start the process of a place."""
        environment = {**environment_of(worker.home, self.folder, self.url), **self.settings, **changes}
        faults = [asdict(fault) for fault in self.faults]
        worker.read_from = worker.output.stat().st_size if worker.output.exists() else 0
        worker.address, worker.code, worker.started_at = "", None, time.monotonic()
        worker.pid = self.forker.start(Job(str(worker.home), str(self.shared), environment, faults, list(self.patches)))

    def run(self, what: str) -> int:
        """Run something else than the service in the first place, and wait; how it ended."""
        worker = self.workers[0]
        environment = environment_of(worker.home, self.folder, self.url)
        faults = [asdict(fault) for fault in self.faults]
        pid = self.forker.start(Job(str(worker.home), str(self.shared), environment, faults, do=what))
        while (code := self.forker.ended(pid)) is None:
            time.sleep(0.05)
        return code

    def arm(self) -> None:
        """From now on the faults happen."""
        (self.shared / "armed").touch()

    def fired(self, number: int = 0) -> float | None:
        """When a fault happened (`time.time`), if it has."""
        try:
            said = (self.shared / f"fault-{number}").read_text().split()
        except FileNotFoundError:
            return None
        return float(said[1]) if len(said) == 3 else None

    @property
    def faults_are_over(self) -> bool:
        """Whether every fault has happened, and whatever stood still goes on again."""
        numbers = range(len(self.faults))
        return all(self.fired(number) is not None for number in numbers) and self.continued == set(numbers)

    def set_clock(self, seconds: float) -> None:
        """Move the time of all processes so far from the real one, at once."""
        draft = self.shared / "clock.new"
        draft.write_text(str(seconds))
        draft.replace(self.shared / "clock")

    def tick(self) -> None:
        """Start again what died, unless the others are to do without it; let what stands still go on after a while."""
        self._continue()
        for worker in self.workers:
            if worker.pid and worker.code is None:
                worker.code = self.forker.ended(worker.pid)
                if worker.code is not None:
                    self._died(worker)
            if worker.pid and not worker.address:
                worker.look()
                if worker.address:
                    self.ready.append(worker.ready_after)

    def _died(self, worker: Worker) -> None:
        if worker.code not in (0, -9):
            self.unexpected.append(f"a process ended with {worker.code}: {_tail(worker.output)}")
        alone = len(self.workers) == 1 or not worker.address
        if not self.stopping and alone:
            self.start(worker)

    def _continue(self) -> None:
        for number in range(len(self.faults)):
            fired = self.fired(number)
            if number not in self.continued and fired is not None and time.time() - fired > PAUSE_SECONDS:
                self.continued.add(number)
                pid, _, way = (self.shared / f"fault-{number}").read_text().split()
                if way == "pause":
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send a signal to all that live."""
        for worker in self.workers:
            if worker.pid and worker.code is None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, number)

    def stop(self, seconds: float = 30.0) -> bool:
        """SIGTERM to all; whether every one of them ended well in time. What did not is killed."""
        self.stopping = True
        self.signal(signal.SIGTERM)
        until = time.monotonic() + seconds
        while any(worker.pid and worker.code is None for worker in self.workers) and time.monotonic() < until:
            self.tick()
            time.sleep(0.05)
        in_time = all(worker.code is not None for worker in self.workers if worker.pid)
        self.kill()
        return in_time

    def kill(self) -> None:
        """SIGKILL to all, and wait until they are gone."""
        self.stopping = True
        self.signal(signal.SIGKILL)
        self.signal(signal.SIGCONT)
        while any(worker.pid and worker.code is None for worker in self.workers):
            self.tick()
            time.sleep(0.02)

    def points(self) -> set[str]:
        """Every fault point that any of them reached."""
        files = [worker.home / "points" for worker in self.workers]
        return {line for file in files if file.exists() for line in file.read_text().split()}

    def close(self) -> None:
        """Nothing is left of it."""
        self.kill()
        if self.url:
            drop_database(self.url)
        shutil.rmtree(self.folder, ignore_errors=True)


def _tail(file: Path) -> str:
    return file.read_text(errors="replace")[-1500:]
