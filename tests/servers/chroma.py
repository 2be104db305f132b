"""A real `chroma run` on loopback, a bearer-token proxy before it, and servers that are none."""

from __future__ import annotations

import http.client
import http.server
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """Where it listens, and the process, for those who want to pause it."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def running_chroma() -> Iterator[ChromaServer]:
    """An empty Chroma server; it and its data are gone afterwards. Skips where the program is not installed."""
    program = Path(sys.executable).with_name("chroma")
    if not program.exists():
        raise unittest.SkipTest("no `chroma` beside this Python")
    folder = Path(tempfile.mkdtemp(prefix="loket-chroma-"))
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "run", "--path", folder / "data", "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
    try:
        _wait(process, port, folder / "log")
        yield ChromaServer(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def token_proxy(url: str, token: str) -> Iterator[str]:
    """What deploy/chroma-proxy.conf does: the right bearer token is passed on, everything else is 401."""
    host, _, port = url.removeprefix("http://").partition(":")

    def handle(request: http.server.BaseHTTPRequestHandler) -> None:
        if request.headers.get("Authorization") != f"Bearer {token}":
            _reply(request, 401, b"<html><h1>401 Authorization Required</h1></html>")
            return
        length = int(request.headers.get("Content-Length") or 0)
        inner = http.client.HTTPConnection(host, int(port), timeout=60)
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        inner.request(request.command, request.path, request.rfile.read(length), headers)
        response = inner.getresponse()
        _reply(request, response.status, response.read())
        inner.close()

    with answering(handle) as address:
        yield address


@contextmanager
def answering(handle: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """The address of an HTTP server that answers every request with `handle`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            handle(self)

        do_POST = do_DELETE = do_PUT = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _reply(request: http.server.BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            opener.open(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Chroma did not start: {log.read_text(errors='replace')[-2000:]}")
