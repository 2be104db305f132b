"""`loket serve` in real processes, one a role, each with a database account, keys and a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from actions.keys import FILES, ROLE_RINGS
from loket.service.least_privilege import SIGNING_KEY
from tests.door_room import SECRET, SOURCE, signed
from tests.servers.chroma import free_port

ROOT = Path(__file__).parents[1]
READY_SECONDS = 120
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Running:
    """A process of the service and where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, home: Path) -> None:
        self.process, self.url, self.home = process, url, home

    def wait(self) -> None:
        """Until it is ready."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                _OPENER.open(f"{self.url}/health/ready", timeout=2).close()
            except (urllib.error.HTTPError, OSError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"not ready: {self.said()}")

    def said(self) -> str:
        """What it wrote to its terminal and its log."""
        log = self.home / "log" / "loket.jsonl"
        out = (self.home / "terminal.txt").read_text(errors="replace")
        return (out + (log.read_text(errors="replace") if log.exists() else ""))[-3000:]

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """A signed POST at the door; the answer as JSON."""
        content = json.dumps(body).encode()
        headers = {**signed("POST", path, content), "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", content, headers, method="POST")
        try:
            with _OPENER.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error} {error.read()!r}; {self.said()}") from error

    def posts(self) -> list[dict[str, Any]]:
        """All that was said to the people of this source."""
        target = "/v1/replies?after=0&wait=0"
        request = urllib.request.Request(f"{self.url}{target}", headers=signed("GET", target))
        with _OPENER.open(request, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)["posts"]
            return found


@contextmanager
def serving(folder: Path, urls: Mapping[str, str], keys: Path) -> Iterator[dict[str, Running]]:
    """Executor, web and agent with these database URLs, each with the keys of its role out of `keys`."""
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        for role in ("executor", "web", "agent"):
            running[role] = stack.enter_context(_serve(role, folder, urls[role], keys))
            running[role].wait()
        yield running


def with_account(url: str, account: str) -> str:
    """The same database, signed in as somebody else."""
    return sa.make_url(url).set(username=account).render_as_string(hide_password=False)


@contextmanager
def _serve(role: str, folder: Path, url: str, keys: Path) -> Iterator[Running]:
    home, port = folder / role, free_port()
    own = home / "keys"
    own.mkdir(parents=True, mode=0o700)
    names = [FILES[ring] for ring in ROLE_RINGS[role]] + ([SIGNING_KEY] if role == "executor" else [])
    for name in names:
        shutil.copy2(keys / name, own / name)
    settings = {
        "HOME": str(home),
        "DATABASE_URL": url,
        "WORLD_FOLDER": str(folder / "world"),
        "SERVE_PORT": str(port),
        "GATE_APPROVERS_CHANNEL": "door",
        "GATE_APPROVERS_TENANT": SOURCE,
    }
    if role == "web":
        settings["EVENTS_KEYS"] = f"{SOURCE}={SECRET}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    environment |= {f"LOKET_{name}": value for name, value in settings.items()}
    with (home / "terminal.txt").open("wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-c", "from loket.command import main; main()", "serve", "--role", role],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            cwd=ROOT,
            env=environment,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", home)
    finally:
        process.kill()
        process.wait(10)
