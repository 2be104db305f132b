"""A strict Chat Completions server with any `ChatModel` as its mind: refuses what OpenAI's would, streams as it does.

async with strict_llm(ScriptedModel([...])) as server:
    model = OpenAIModel(LlmSettings(base_url=server.url, model="m"))
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from core.chat import ChatMessage, ChatModel, ModelTurn, ToolCall, ToolSchema
from core.errors import ModelError
from tests.servers.chat_rules import problems

HEAD = {"id": "chatcmpl-1", "created": 1_764_000_000, "model": "strict-1", "system_fingerprint": None}


@dataclass
class StrictServer:
    """What it was asked, every rule that was broken, and when each streamed piece left (`time.monotonic`).

    `pause`: seconds before each streamed word. `usage`: whether it counts tokens. `cut_after`: the pieces after which
    a stream breaks off.
    """

    mind: ChatModel
    pause: float = 0.0
    usage: bool = True
    cut_after: int | None = None
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    sent: list[tuple[str, float]] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self._open.add(task := asyncio.ensure_future(self._serve(reader, writer)))
        with suppress(asyncio.CancelledError):
            await task
        self._open.discard(task)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def stop(self) -> None:
        """Hang up on whoever is still served."""
        for task in (waiting := list(self._open)):
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = json.loads(await reader.readexactly(_length(head)))
            wrong = [] if head.startswith(b"POST /v1/chat/completions ") else ["another address"]
            wrong += problems(body)
            self.bodies.append(body)
            self.violations += wrong
            await (self._refuse(writer, wrong) if wrong else self._answer(writer, body))

    async def _answer(self, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        try:
            turn = await self.mind.complete(_messages(body), _tools(body))
        except ModelError:
            await _send(writer, 500, {"error": {"message": "the mind is lost", "type": "server_error"}})
            return
        usage = {"prompt_tokens": turn.tokens_in or 11, "completion_tokens": turn.tokens_out or 7, "total_tokens": 18}
        if body.get("stream"):
            wants = (body.get("stream_options") or {}).get("include_usage") and self.usage
            await self._stream(writer, turn, usage if wants else None)
            return
        message = {"role": "assistant", "content": turn.text or None, "refusal": None, "annotations": []}
        if turn.tool_calls:
            message["tool_calls"] = [_call(call) for call in turn.tool_calls]
        reason = "tool_calls" if turn.tool_calls else "stop"
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        whole = {**HEAD, "object": "chat.completion", "choices": [choice]}
        await _send(writer, 200, {**whole, "usage": usage} if self.usage else whole)

    async def _stream(self, writer: asyncio.StreamWriter, turn: ModelTurn, usage: dict[str, int] | None) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for number, (delta, reason) in enumerate(_deltas(turn)):
            if number == self.cut_after:
                return
            if self.pause and delta.get("content"):
                await asyncio.sleep(self.pause)
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
            await self._event(writer, {"choices": [choice]})
            self.sent.append((delta.get("content") or "", time.monotonic()))
        if usage:
            await self._event(writer, {"choices": [], "usage": usage})
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    async def _event(self, writer: asyncio.StreamWriter, chunk: dict[str, Any]) -> None:
        whole = {**HEAD, "object": "chat.completion.chunk", **chunk}
        writer.write(f"data: {json.dumps(whole)}\n\n".encode())
        await writer.drain()

    async def _refuse(self, writer: asyncio.StreamWriter, wrong: list[str]) -> None:
        error = {"message": "; ".join(wrong), "type": "invalid_request_error", "param": None, "code": None}
        await _send(writer, 400, {"error": error})


@asynccontextmanager
async def strict_llm(
    mind: ChatModel, pause: float = 0.0, usage: bool = True, cut_after: int | None = None
) -> AsyncIterator[StrictServer]:
    """A server at work. Look at its `violations` afterwards: a client hides them by falling back."""
    strict = StrictServer(mind, pause, usage, cut_after)
    server = await asyncio.start_server(strict.serve, "127.0.0.1", 0)
    strict.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield strict
    finally:
        server.close()
        await strict.stop()


def _deltas(turn: ModelTurn) -> Iterable[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": "" if turn.text else None, "refusal": None}, None
    for word in turn.text.split(" ") if turn.text else ():
        yield {"content": f"{word} "}, None
    for index, call in enumerate(turn.tool_calls):
        yield {"tool_calls": [{"index": index, **_call(ToolCall(call.call_id, call.name, ""))}]}, None
        for start in range(0, len(call.arguments), 5):
            piece = call.arguments[start : start + 5]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, "tool_calls" if turn.tool_calls else "stop"


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _messages(body: dict[str, Any]) -> list[ChatMessage]:
    return [
        ChatMessage(
            message["role"],
            message.get("content") or "",
            tuple(
                ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
                for call in message.get("tool_calls", ())
            ),
            message.get("tool_call_id", ""),
        )
        for message in body["messages"]
    ]


def _tools(body: dict[str, Any]) -> list[ToolSchema]:
    functions = [tool["function"] for tool in body.get("tools", ())]
    return [ToolSchema(one["name"], one["description"], one["parameters"]) for one in functions]


async def _send(writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close"
    writer.write(head.encode() + b"\r\n\r\n" + text)
    await writer.drain()


def _length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)
