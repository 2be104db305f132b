"""A caller of the signed door that costs little itself: it shares the machine with what it measures.

Plain HTTP/1.1 on asyncio's transports. A request never waits for another: with no connection free it opens one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from web_app.signing import sign

LINE_LIMIT = 4_000_000
TRIES = 3


@dataclass(frozen=True, slots=True)
class Answered:
    """What the door said: the HTTP status and the body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event: `post`, `taken`, `begun`, `sentence` or `withdraw`, with what it says."""

    kind: str
    data: Mapping[str, Any]


class DoorClient:
    """Signs for one source. Close it at the end."""

    def __init__(self, address: str, source: str, secret: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._source = source
        self._secret = secret
        self._idle: list[_Connection] = []

    async def post(self, path: str, values: Mapping[str, Any]) -> Answered:
        """One signed request. A connection that the server had just closed is replaced: nothing was read from it.

        Raises `ConnectionError` when that happens three times.
        """
        body = json.dumps(values).encode()
        request = self._head("POST", path, body) + body
        for _ in range(TRIES):
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                answered = await connection.ask(request)
            except ConnectionError:
                continue
            self._idle.append(connection)
            return answered
        raise ConnectionError("the door closed every connection")

    async def stream(self, after: int = 0) -> AsyncIterator[Told]:
        """What the source is told, for ever: the door ends a stream after a while, then the next one begins."""
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                async for told in self._one_stream(after):
                    if told.kind == "post":
                        after = max(after, int(told.data["post_id"]))
                    yield told
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close what is open."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _one_stream(self, after: int) -> AsyncIterator[Told]:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=LINE_LIMIT)
        try:
            writer.write(self._head("GET", f"/v1/stream?after={after}", b""))
            kind = ""
            # Behind the head come chunks; their lengths are lines of their own, which begin with no known word.
            while line := await reader.readline():
                name, _, value = line.rstrip().partition(b": ")
                if name == b"event":
                    kind = value.decode()
                elif name == b"data" and kind:
                    yield Told(kind, json.loads(value))
        finally:
            writer.close()

    def _head(self, method: str, target: str, body: bytes) -> bytes:
        signed = sign(self._source, self._secret, method, target, body)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in signed.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self._idle), self._host, self._port)
        return connection


class _Connection(asyncio.Protocol):
    """One kept-alive connection with one request at a time. It leaves `idle` by itself when the server closes it."""

    def __init__(self, idle: list[_Connection]) -> None:
        self._idle = idle
        self._received = b""
        self._answer: asyncio.Future[Answered] | None = None
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes) -> Answered:
        """Send and wait. Raises `ConnectionError`."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP gives nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < (length := _length(head)) or self._answer is None:
            return
        self._received = body[length:]
        answer, self._answer = self._answer, None
        if not answer.done():
            answer.set_result(Answered(int(head[9:12]), body[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self in self._idle:
            self._idle.remove(self)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
