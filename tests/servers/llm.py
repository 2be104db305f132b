"""A local HTTP server in the place of a language model's, which answers as badly as it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

FOREVER = 60.0


def answer(message: dict[str, Any], **changes: Any) -> bytes:
    """A well-formed completion."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **changes}
    return json.dumps(whole).encode()


def call(name: str, arguments: str = "{}") -> dict[str, Any]:
    """A message that calls one tool."""
    wish = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"content": None, "tool_calls": [wish]}


BODIES: dict[str, tuple[int, bytes]] = {
    "html": (200, b"<html><body>Welcome to the proxy</body></html>"),
    "empty": (200, b""),
    "no choices": (200, answer({"content": "x"}, choices=[])),
    "null": (200, b"null"),
    "numbers": (200, answer({"content": 42})),
    "binary": (200, bytes(range(256)) * 50),
    "half": (200, answer({"content": "You get"})[:-20]),
    "from memory": (200, answer({"content": "You get 99 days of leave."})),
    "loops": (200, answer(call("my_tickets"))),
    "unknown tool": (200, answer(call("drop_all_tables"))),
    "broken arguments": (200, answer(call("find_person", "{'name':"))),
    "endless text": (200, answer({"content": "leave " * 100_000})),
    "no key": (401, b'{"error": {"message": "You did not provide an API key."}}'),
    "no such model": (404, b'{"error": {"message": "The model does not exist"}}'),
    "too busy": (429, b'{"error": {"message": "slow down"}}'),
    "broken": (500, b"oops"),
}
WAYS = (*BODIES, "hangs", "hangs up", "trickles")
"""All the ways in which it can be bad."""


@asynccontextmanager
async def bad_llm(way: str) -> AsyncIterator[str]:
    """The base URL of a server that is bad in one way."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(_length(head))
                await _misbehave(way, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


async def _misbehave(way: str, writer: asyncio.StreamWriter) -> None:
    if way == "hangs":
        await asyncio.sleep(FOREVER)
    if way == "hangs up":
        raise ConnectionError
    status, body = BODIES.get(way, (200, answer({"content": "slow"})))
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    if way == "trickles":
        for letter in body:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.2)
    writer.write(body)
    await writer.drain()


def _length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)
