"""The guarded HTTP client against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from connectors.http import async_client, blocking_client
from connectors.settings import OutsideSettings
from core.errors import ConfigError

SMALL = OutsideSettings(max_response_bytes=10_000)


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        length = 50_000 if self.path == "/huge" else 5
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/small")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(b"a" * length)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


async def test_the_proxy_of_the_environment_is_not_used(server: str) -> None:
    async with async_client(SMALL, 5) as client:
        assert (await client.get(f"{server}/small")).text == "aaaaa"
    with blocking_client(SMALL, 5) as client:
        assert client.get(f"{server}/small").text == "aaaaa"


async def test_the_proxy_that_was_set_is_used(server: str) -> None:
    async with async_client(OutsideSettings(proxy="http://127.0.0.1:9"), 5) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{server}/small")


@pytest.mark.parametrize(("path", "reason"), [("/huge", "larger than agreed"), ("/packed", "compressed")])
async def test_a_body_that_is_too_large_or_could_become_so_is_not_read(server: str, path: str, reason: str) -> None:
    async with async_client(SMALL, 5) as client:
        with pytest.raises(httpx.RemoteProtocolError, match=reason):
            await client.get(server + path)
    with blocking_client(SMALL, 5) as client, pytest.raises(httpx.RemoteProtocolError, match=reason):
        client.get(server + path)


async def test_redirects_are_not_followed(server: str) -> None:
    async with async_client(SMALL, 5) as client:
        assert (await client.get(f"{server}/moved")).status_code == 302


def test_a_certificate_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    for path in (broken, tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match="certificate file"):
            blocking_client(OutsideSettings(ca_file=path), 5)
