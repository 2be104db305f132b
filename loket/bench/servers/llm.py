"""A stand-in for a language model, in a process of its own: Chat Completions over HTTP, whole or streamed.

It calls one tool, reads the result and says one sentence, each after the same pause. Asked at length, it searches the
policies and then writes out what it found for as long as it was told to, one sentence after the other. It costs next to
nothing, so that what is measured beside it is not its own work. `python -m loket.bench.servers.llm --ms 300` prints its
port.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from loket.bench.servers.writing import sentences_of

MODEL = "stand-in"
TOOL = "find_person"
ARGUMENTS = '{"name": "me"}'
QUESTION = "In which room do I work, and who is my manager?"
LONG_TOOL = "search_policies"
LONG_QUESTION = "How many hours of annual leave do I get, and what is written about leave at length?"
ANSWER = "You find your room and your manager in the list above."
_HEAD_END = b"\r\n\r\n"
_USAGE = {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920}
_LONG_ARGUMENTS = json.dumps({"question": "How many hours of annual leave do I get?"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an answer takes, and how a long one comes: so many sentences, so far apart. All times in seconds."""

    seconds: float = 0.0
    sentences: int = 0
    apart: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the model: text, or a call of a tool. `slowly`: the sentences of a text that takes its time."""

    text: str = ""
    tool: str = TOOL
    arguments: str = ARGUMENTS
    slowly: tuple[str, ...] = field(default=())

    @property
    def message(self) -> dict[str, Any]:
        """As Chat Completions says it."""
        if self.text:
            return {"role": "assistant", "content": self.text}
        return {"role": "assistant", "content": None, "tool_calls": [self.call]}

    @property
    def call(self) -> dict[str, Any]:
        """The call of the tool."""
        return {"id": "call_1", "type": "function", "function": {"name": self.tool, "arguments": self.arguments}}

    @property
    def ends(self) -> str:
        """The reason to finish."""
        return "stop" if self.text else "tool_calls"


def answer_to(body: dict[str, Any], pace: Pace = Pace()) -> Said:
    """A call of the tool, until its result is the last message. Without tools on offer: the sentence."""
    last = body["messages"][-1]
    answered = last["role"] == "tool"
    if pace.sentences and any(LONG_QUESTION in str(message.get("content")) for message in body["messages"]):
        found = sentences_of(str(last.get("content"))) if answered else ()
        if found:
            slowly = tuple(islice(cycle(found), pace.sentences))
            return Said(" ".join(slowly), slowly=slowly)
        if not answered and body.get("tools"):
            return Said(tool=LONG_TOOL, arguments=_LONG_ARGUMENTS)
    return Said(ANSWER if answered or not body.get("tools") else "")


def whole(said: Said) -> bytes:
    """The HTTP response with the completion in one piece."""
    choice = {"index": 0, "message": said.message, "finish_reason": said.ends}
    payload = {"object": "chat.completion", "choices": [choice], "usage": _USAGE, **_common()}
    text = json.dumps(payload).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


def streamed(said: Said) -> bytes:
    """The HTTP response with the completion in chunks, a word each."""
    text = b"".join(chunks(said, said.text.split(" ") if said.text else ()))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    return head % len(text) + text


def chunks(said: Said, pieces: Sequence[str]) -> list[bytes]:
    """The server-sent events of a completion whose text comes in these pieces; the last three end it."""
    deltas: list[dict[str, Any]] = [{"content": piece if n == 0 else f" {piece}"} for n, piece in enumerate(pieces)]
    deltas = deltas or [{"tool_calls": [{"index": 0, **said.call}]}]
    deltas[0]["role"] = "assistant"
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": said.ends})
    events: list[dict[str, Any]] = [{"choices": [choice]} for choice in choices]
    events.append({"choices": [], "usage": _USAGE})
    lines = [json.dumps({"object": "chat.completion.chunk", **_common(), **event}) for event in events]
    return [f"data: {line}\n\n".encode() for line in (*lines, "[DONE]")]


def _common() -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1, "model": MODEL}


class _Connection(asyncio.Protocol):
    """One kept-alive connection: requests are answered in the order they came."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
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
        said = answer_to(body, self._pace)
        if said.slowly and body.get("stream"):
            self._send_slowly(said)
            return
        response = streamed(said) if body.get("stream") else whole(said)
        if self._pace.seconds:
            asyncio.get_running_loop().call_later(self._pace.seconds, self._send, response)
        else:
            self._send(response)

    def _send_slowly(self, said: Said) -> None:
        """Each sentence when it is written; nothing else is asked on this connection meanwhile."""
        loop, at = asyncio.get_running_loop(), self._pace.seconds
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        loop.call_later(at, self._send, head)
        written = chunks(said, said.slowly)
        for number, chunk in enumerate(written):
            if number < len(said.slowly):
                at += self._pace.apart
            loop.call_later(at, self._send, b"%x\r\n%s\r\n" % (len(chunk), chunk))
        loop.call_later(at, self._send, b"0\r\n\r\n")

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
def running_llm(ms: int, sentences: int = 0, apart_ms: int = 0) -> Iterator[str]:
    """Run the stand-in and give its base URL, `/v1` included. `ms`: how long each answer takes.

    With `sentences` it takes its time when it is asked `LONG_QUESTION`: so many of them, `apart_ms` apart.
    """
    slow = ["--sentences", str(sentences), "--apart-ms", str(apart_ms)]
    command = [sys.executable, "-m", "loket.bench.servers.llm", "--ms", str(ms), *slow]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this very file
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


async def _serve(pace: Pace) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(pace), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _pace(arguments: Sequence[str] | None = None) -> Pace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ms", type=int, default=0, help="how long each answer takes, in milliseconds")
    parser.add_argument("--sentences", type=int, default=0, help="how many a long answer has; 0: there are none")
    parser.add_argument("--apart-ms", type=int, default=0, help="how far apart they come, in milliseconds")
    given = parser.parse_args(arguments)
    return Pace(given.ms / 1000, given.sentences, given.apart_ms / 1000)


if __name__ == "__main__":
    asyncio.run(_serve(_pace()))
