"""A contestant in its own process, as the measurement sees it: it is given rounds and tells what each cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from loket.bench import MeasurementFailed
from loket.bench.contestants import Surroundings
from loket.bench.cpu import cpu_seconds

AT_ONCE = 8
STOP_SECONDS = 40


class Process:
    """One contestant in its process. Raises `MeasurementFailed` when it says something else than figures."""

    def __init__(self, name: str, around: Surroundings, server_pid: int = 0, *, profile: bool = False) -> None:
        chosen = {"mask": around.masks, "shared": not around.alone, "profile": profile}
        flags = ",".join(flag for flag, on in chosen.items() if on)
        given = [name, around.llm_url, str(around.folder), around.postgres, str(around.number), flags]
        self.name = name
        self.server_pid = server_pid
        around.folder.mkdir(parents=True, exist_ok=True)
        self._log = (around.folder / "output.txt").open("w+")
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "loket.bench.contestants.process", *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.hear()

    def order(self, turns: int) -> None:
        """Begin a round."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(f"{turns} {AT_ONCE}\n")
        self._process.stdin.flush()

    def round(self, turns: int) -> dict[str, Any]:
        """A whole round, and what it cost; `server`: CPU seconds of its Postgres."""
        before = cpu_seconds(self.server_pid) if self.server_pid else 0.0
        self.order(turns)
        result = self.hear()
        result["server"] = (cpu_seconds(self.server_pid) if self.server_pid else 0.0) - before
        return result

    def hear(self) -> dict[str, Any]:
        """Wait for the end of a round, and what it cost."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise MeasurementFailed(f"{self.name} stopped: {self._log.read()[-600:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._process.stdin.close()  # it stops when nobody gives orders any more
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
