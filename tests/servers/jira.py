"""A Jira for tests over real HTTP: strict, stateful, and failing in every way in which a call can fail.

async with fake_jira("cloud") as jira:
    settings = jira.settings(requester="reporter")
    jira.fail_next("create", "500 after")
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from connectors.jira.settings import JiraSettings
from tests.servers.jira_api import Api, Call, query_of
from tests.servers.jira_state import State

QUEUES = "IT=IT:Task; HR=HR:Task; FAC=FAC:Task"
FAULTS = (
    "500 before",
    "500 after",
    "429",
    "429 for ever",
    "cut before",
    "cut after",
    "html",
    "slow",
    "late",
    "hang",
    "403",
    "odd",
)
"""`before` and `after` the work is done. `slow`: answered after `slow_seconds`. `late`: done after them, and never
answered (half-open). `html`: done, and answered with a page. `hang`: neither done nor answered. `429`: once, then as
usual. `403`: refused. `odd`: done, and answered with `odd`."""


@dataclass
class FakeJira:
    """A running double. `api.violations` must be empty at the end: a strict server's refusals can hide in retries."""

    api: Api
    slow_seconds: float = 0.3
    odd: Any = None
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    _faults: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    _busy: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def state(self) -> State:
        return self.api.state

    def settings(self, **changes: Any) -> JiraSettings:
        """Settings that reach it."""
        who = {"user": self.api.user} if self.state.kind == "cloud" else {}
        values = {"url": self.url, "kind": self.state.kind, "token": self.api.token, "queues": QUEUES, **who}
        return JiraSettings(**{**values, **changes})

    def fail_next(self, what: str, how: str) -> None:
        """Let the next call of a kind (`create`, `comment`, `attach`, `search`, `other`) fail in one way."""
        assert how in FAULTS, how
        self._faults[what].append(how)

    def forgive(self) -> None:
        """Nothing more fails."""
        self._faults.clear()

    async def settle(self) -> None:
        """Wait for what is done late."""
        await self._idle.wait()

    # --- serving -----------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, any number of requests."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Hang up on everybody."""
        for task in (waiting := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        call = await _read(reader)
        self.calls.append(call)
        faults = self._faults[self.api.kind_of(call)]
        how = faults.popleft() if faults else ""
        if how == "429 for ever":
            faults.appendleft(how)
        return await self._act(writer, call, how)

    async def _act(self, writer: asyncio.StreamWriter, call: Call, how: str) -> bool:
        if how.startswith(("429", "403")):
            return await _send(writer, int(how[:3]), {"errorMessages": ["Not now"]}, "Retry-After: 0")
        if how == "late":
            await self._answered(call, how)
        if how in ("late", "hang"):
            await asyncio.sleep(30)
            return False
        answer = (0, None) if how.endswith("before") else await self._answered(call, how)
        if how.startswith("500"):
            return await _send(writer, 500, {"errorMessages": ["Internal server error"]})
        if how.startswith("cut"):
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{" if how == "cut after" else b"")
            return False
        if how == "odd":
            return await _send(writer, 200, self.odd)
        return await _send(writer, 200, "<html>Welcome</html>") if how == "html" else await _send(writer, *answer)

    async def _answered(self, call: Call, how: str) -> tuple[int, Any]:
        self._busy += 1
        self._idle.clear()
        try:
            if how in ("slow", "late"):
                await asyncio.sleep(self.slow_seconds)
            return self.api.answer(call)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()


@asynccontextmanager
async def fake_jira(kind: str, start: Callable[[], datetime] | None = None) -> AsyncIterator[FakeJira]:
    """A server at work: `cloud` or `data_center`."""
    fake = FakeJira(Api(State(kind, start) if start else State(kind)))
    fake._idle.set()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        await fake.stop()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    form = headers.get("content-type", "").startswith("multipart/")
    return Call(method, unquote(path), query_of(query), headers, body if form else json.loads(body or b"null"))


async def _send(writer: asyncio.StreamWriter, status: int, body: Any, *more: str) -> bool:
    text = body.encode() if isinstance(body, str) else (b"" if body is None else json.dumps(body).encode())
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(text)}", *more]
    lines.append("Set-Cookie: JSESSIONID=1; Path=/")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
    await writer.drain()
    return True
