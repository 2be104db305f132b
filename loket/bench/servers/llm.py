"""A stand-in for a language model, in a process of its own: Chat Completions over HTTP, whole or streamed.

It calls one tool, reads the result and says one sentence, each after the same pause. It costs next to nothing, so that
what is measured beside it is not its own work. `python -m loket.bench.servers.llm --ms 300` prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

MODEL = "stand-in"
TOOL = "find_person"
ARGUMENTS = '{"name": "me"}'
QUESTION = "In which room do I work, and who is my manager?"
ANSWER = "You find your room and your manager in the list above."
_HEAD_END = b"\r\n\r\n"
_USAGE = {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920}
_CALL = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the model: text, or a call of the tool."""

    text: str = ""

    @property
    def message(self) -> dict[str, Any]:
        """As Chat Completions says it."""
        if self.text:
            return {"role": "assistant", "content": self.text}
        return {"role": "assistant", "content": None, "tool_calls": [_CALL]}

    @property
    def ends(self) -> str:
        """The reason to finish."""
        return "stop" if self.text else "tool_calls"


def answer_to(body: dict[str, Any]) -> Said:
    """A call of the tool, until its result is the last message. Without tools on offer: the sentence."""
    answered = body["messages"][-1]["role"] == "tool"
    return Said(ANSWER if answered or not body.get("tools") else "")


def whole(said: Said) -> bytes:
    """The HTTP response with the completion in one piece."""
    choice = {"index": 0, "message": said.message, "finish_reason": said.ends}
    payload = {"object": "chat.completion", "choices": [choice], "usage": _USAGE, **_common()}
    text = json.dumps(payload).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


def streamed(said: Said) -> bytes:
    """The HTTP response with the completion in chunks, a word each."""
    words = said.text.split(" ") if said.text else []
    deltas: list[dict[str, Any]] = [{"content": word if n == 0 else f" {word}"} for n, word in enumerate(words)]
    deltas = deltas or [{"tool_calls": [{"index": 0, **_CALL}]}]
    deltas[0]["role"] = "assistant"
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": said.ends})
    events: list[dict[str, Any]] = [{"choices": [choice]} for choice in choices]
    events.append({"choices": [], "usage": _USAGE})
    lines = [json.dumps({"object": "chat.completion.chunk", **_common(), **event}) for event in events]
    text = "".join(f"data: {line}\n\n" for line in (*lines, "[DONE]")).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    return head % len(text) + text


def _common() -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1, "model": MODEL}


class _Connection(asyncio.Protocol):
    """One kept-alive connection: requests are answered in the order they came."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server gives nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(_HEAD_END)
        if not end or len(rest) < (length := _length(head)):
            return
        self._received = rest[length:]
        body = json.loads(rest[:length])
        said = answer_to(body)
        response = streamed(said) if body.get("stream") else whole(said)
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._send, response)
        else:
            self._send(response)

    def _send(self, response: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


@contextmanager
def running_llm(ms: int) -> Iterator[str]:
    """Run the stand-in and give its base URL, `/v1` included. `ms`: how long each answer takes."""
    command = [sys.executable, "-m", "loket.bench.servers.llm", "--ms", str(ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this very file
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


async def _serve(ms: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(ms / 1000), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ms", type=int, default=0, help="how long each answer takes, in milliseconds")
    asyncio.run(_serve(parser.parse_args().ms))
