"""Health and metrics: what a watcher is told, what an attacker is not, and that asking costs nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from core.errors import ConnectorError
from tests.door_room import open_door, signed
from web_app import health
from web_app.app import build_ops_app
from web_app.health import OpsParts

Probe = Callable[[], Awaitable[bool]]
CANARY = "postgresql://loket:geheim@db.dhb.example"


async def _good() -> bool:
    return True


async def _bad() -> bool:
    return False


async def _raises() -> bool:
    raise ConnectorError("database", CANARY)


async def _hangs() -> bool:
    await asyncio.sleep(60)
    return True


def watcher(probes: Mapping[str, Probe], *, accepting: bool = True) -> httpx.AsyncClient:
    """Somebody who asks a process without a door."""
    app = build_ops_app(OpsParts(probes, lambda: "# HELP loket_up 1 when up\nloket_up 1\n", lambda: accepting))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")


async def test_a_process_with_good_probes_is_ready() -> None:
    async with watcher({"database": _good, "engine": _good}) as http:
        answer = await http.get("/health/ready")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "failed": []})


@pytest.mark.parametrize("probe", [_bad, _raises])
async def test_a_bad_probe_is_named_and_nothing_else_is_said(probe: Probe) -> None:
    async with watcher({"database": probe, "engine": _good}) as http:
        answer = await http.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "failed": ["database"]})
        assert CANARY not in answer.text + str(answer.headers)
        assert (await http.get("/health/live")).status_code == 200


async def test_a_draining_process_is_up_and_not_ready() -> None:
    async with watcher({"database": _good}, accepting=False) as http:
        assert (await http.get("/health/ready")).json() == {"ready": False, "failed": ["draining"]}
        assert (await http.get("/health/live")).status_code == 200


async def test_a_probe_that_hangs_is_bad_in_time_and_is_not_started_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    started = 0

    async def hangs() -> bool:
        nonlocal started
        started += 1
        return await _hangs()

    async with watcher({"database": hangs, "engine": _good}) as http:
        for _ in range(5):
            answer = await asyncio.wait_for(http.get("/health/ready"), 1)
            assert answer.json() == {"ready": False, "failed": ["database"]}
    assert started == 1


async def test_asking_often_does_not_make_the_database_work() -> None:
    asked = 0

    async def counts() -> bool:
        nonlocal asked
        asked += 1
        return True

    def counted() -> str:
        nonlocal asked
        asked += 1
        return "loket_up 1\n"

    app = build_ops_app(OpsParts({"database": counts}, counted, lambda: True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as http:
        answers = await asyncio.gather(*(http.get(path) for path in ("/health/ready", "/metrics") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 2


async def test_a_probe_that_recovers_is_good_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    answers = iter([False, True])

    async def recovers() -> bool:
        return next(answers)

    async with watcher({"database": recovers}) as http:
        assert (await http.get("/health/ready")).status_code == 503
        assert (await http.get("/health/ready")).status_code == 200


async def test_metrics_are_text_for_prometheus() -> None:
    async with watcher({}) as http:
        answer = await http.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "loket_up 1" in answer.text


async def test_a_process_without_a_door_has_none() -> None:
    async with watcher({}) as http:
        for method, path in (("POST", "/v1/events"), ("GET", "/v1/replies"), ("GET", "/health"), ("GET", "/metrics/")):
            answer = await http.request(method, path)
            assert answer.status_code == 404
            assert answer.json() == {"error": "There is nothing here."}
        assert (await http.post("/health/live")).status_code == 405


# --- on a real server --------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[int]:
    """The door on a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    async with open_door(tmp_path / "home") as room:
        config = uvicorn.Config(room.app, log_config=None, server_header=False, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            room.accepting = False
            server.should_exit = True
            await serving
            listener.close()


def _exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        connection.settimeout(0.5)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            pass
        return answer


@pytest.mark.slow
async def test_smuggled_and_doubled_headers_do_not_get_through_a_real_server(tmp_path: Path) -> None:
    body = b'{"id":"1","user":"E1002","room":"E1002","place":"direct","text":"hello","complete":true}'
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed("POST", "/v1/events", body).items())
    start = f"POST /v1/events HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n{headers}".encode()
    length = f"Content-Length: {len(body)}\r\n".encode()
    async with served(tmp_path) as port:
        good = await asyncio.to_thread(_exchange, port, start + length + b"\r\n" + body)
        assert good.startswith(b"HTTP/1.1 202")
        assert b"\r\nserver:" not in good.lower()
        chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        assert (await asyncio.to_thread(_exchange, port, start + chunked)).startswith(b"HTTP/1.1 202")
        for attack in (
            length + b"X-Loket-Source: portal\r\n\r\n" + body,
            length + b"x-loket-SIGNATURE: v1=" + b"0" * 64 + b"\r\n\r\n" + body,
            length + b"X-Loket-Source : portal\r\n\r\n" + body,
            length + b"Content-Length: 3\r\n\r\n" + body,
            length + chunked,
            b"Transfer-Encoding: chunked, identity\r\n" + length + b"\r\n" + body,
            length + b"X-Loket-Timestamp:\r\n 1\r\n\r\n" + body,
            b"Content-Length: 3\r\n\r\n" + body,
        ):
            answer = await asyncio.to_thread(_exchange, port, start + attack)
            assert answer.split(b" ", 2)[1] in (b"400", b"401"), (attack, answer[:200])


@pytest.mark.slow
async def test_a_stream_over_a_real_server_shows_the_answer_and_ends_with_its_reader(tmp_path: Path) -> None:
    async with served(tmp_path) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        body = b'{"id":"1","user":"E1002","room":"E1002","place":"direct","text":"hello","complete":true}'
        lines: list[str] = []
        async with http.stream("GET", "/v1/stream?after=0", headers=signed("GET", "/v1/stream?after=0")) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            answer = await http.post("/v1/events", content=body, headers=signed("POST", "/v1/events", body))
            assert answer.status_code == 202
            async for line in stream.aiter_lines():
                lines.append(line)
                if line.startswith("data:") and '"outcome": "clarified"' in line:
                    break
        assert "event: begun" in lines
        assert lines.index("event: begun") < lines.index("event: post")
