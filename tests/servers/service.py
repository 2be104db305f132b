"""Real `loket serve` processes for tests, and a caller that talks to them through the signed door as programs do."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from actions.keys import FILES, ROLE_RINGS, GateKeys
from web_app.signing import sign

ROOT = Path(__file__).parents[2]
SOURCE = "local"  # the sample staff is known by this source
SECRET = "a-secret-of-the-tests-0123456789-abcdefghij"
START_SECONDS = 60
_OPEN = re.compile(r"(http://[\w.\[\]:]+)")
SETTINGS_OF: Mapping[str, tuple[str, ...]] = {"all": ("LOKET_EVENTS_KEYS",), "web": ("LOKET_EVENTS_KEYS",)}


class ServiceProcess:
    """One process. `address` is where it listens; `stop` drains it, `kill` does not ask."""

    def __init__(self, role: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.role = role
        self.folder = folder
        self._settings = dict(settings)
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self, *, wait: bool = True) -> ServiceProcess:
        """Start it and wait until it takes work."""
        self.launch()
        if wait:
            self.await_open()
        return self

    def launch(self) -> None:
        """Start it and do not wait."""
        base = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        own = {"LOKET_HOME": str(self.folder), "LOKET_SERVE_PORT": "0", "PYTHONPATH": str(ROOT)}
        if "LOKET_EVENTS_KEYS" in SETTINGS_OF.get(self.role, ()):
            own["LOKET_EVENTS_KEYS"] = f"{SOURCE}={SECRET}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loket", "serve", "--role", self.role],
            env={**base, **own, **self._settings},
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def await_open(self) -> None:
        """Wait for the line that says where it listens. Raises AssertionError with what it said instead."""
        assert self.process is not None
        assert self.process.stdout is not None
        said, until = "", time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if not select.select([self.process.stdout], [], [], 0.5)[0]:
                continue
            line = self.process.stdout.readline()
            said += line
            if match := _OPEN.search(line):
                self.address = match.group(1)
                return
            if not line:
                break
        raise AssertionError(f"{self.role} did not open: {said}")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def signal(self, number: int) -> None:
        """Send a signal, such as SIGSTOP."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self._close()

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self._close()
        return code

    def _close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()


class Caller:
    """A program at the door."""

    def __init__(self, address: str) -> None:
        self.address = address

    def event(self, event_id: str, user: str, text: str, **more: Any) -> int:
        """Hand an event in; returns the HTTP status."""
        body = {"id": event_id, "user": user, "room": user, "place": "direct", "text": text, "complete": True, **more}
        return self.call("POST", "/v1/events", body)[0]

    def click(self, click_id: str, user: str, action_id: str, verb: str, **fields: str) -> tuple[int, Any]:
        """Press a button; returns status and decision."""
        body = {"id": click_id, "user": user, "room": user, "action_id": action_id, "verb": verb, "fields": fields}
        return self.call("POST", "/v1/clicks", body)

    def replies(self, after: int = 0, wait: int = 0) -> list[dict[str, Any]]:
        """The posts since a number."""
        _, answer = self.call("GET", f"/v1/replies?after={after}&wait={wait}")
        found: list[dict[str, Any]] = answer["posts"]
        return found

    @contextmanager
    def stream(self, after: int = 0) -> Iterator[Iterator[tuple[str, Any]]]:
        """The stream of what comes, as (kind, data), from now on."""
        target = f"/v1/stream?after={after}"
        request = Request(self.address + target, headers=dict(sign(SOURCE, SECRET, "GET", target)))
        with urlopen(request, timeout=60) as response:
            yield _server_sent(response)

    def get(self, path: str) -> tuple[int, str]:
        """Anything unsigned, such as the health."""
        try:
            with urlopen(self.address + path, timeout=10) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """One signed request."""
        raw = json.dumps(body).encode() if body is not None else b""
        headers = {**sign(SOURCE, SECRET, method, target, raw), "Content-Type": "application/json"}
        request = Request(self.address + target, data=raw or None, headers=headers, method=method)
        try:
            with urlopen(request, timeout=40) as response:
                return response.status, json.loads(response.read())
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


def _server_sent(lines: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    kind, data = "message", ""
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:]
        elif not line and data:
            yield kind, json.loads(data)
            kind, data = "message", ""


def deal_keys(keys: Path, role: str, folder: Path) -> None:
    """Give a role the key files it may have, as an operator would mount them; made on first use."""
    GateKeys.load(keys)
    own = folder / "keys"
    own.mkdir(parents=True, exist_ok=True)
    for ring in ROLE_RINGS[role]:
        shutil.copy(keys / FILES[ring], own / FILES[ring])


@contextmanager
def running(*processes: ServiceProcess) -> Iterator[None]:
    """Start them side by side; whatever happens, none is left."""
    try:
        for process in processes:
            process.launch()
        for process in processes:
            process.await_open()
        yield
    finally:
        for process in processes:
            process.kill()


def until(condition: Callable[[], Any], seconds: float = 30, every: float = 0.1) -> Any:
    """Wait for something true and return it. Raises AssertionError when it does not come."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(every)
    return found
