"""A server that is a program on this machine: started without a shell, with next to no environment, and surely ended.

`mcp` has such a transport too. It hands the program our PATH, HOME and user, reads lines of any length, and leaves
alone what a program started and left behind; hence this one.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.abc
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from connectors.mcp.endpoint import Counts, Limits
from connectors.mcp.pace import Flooded, Pace
from core.errors import ConnectorError

CHUNK = 65_536


@asynccontextmanager
async def program(
    system: str, command: tuple[str, ...], environment: Mapping[str, str], limits: Limits, counts: Counts, pace: Pace
) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams of a session with it. Raises `ConnectorError` when it cannot be started."""
    try:
        process = await anyio.open_process(
            list(command),
            env=dict(environment),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise ConnectorError(system, "its program cannot be started") from None
    incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_hear, process, incoming, limits, pace)
            tasks.start_soon(_tell, process, outgoing, incoming)
            tasks.start_soon(_discard, process, counts, pace)
            try:
                yield read, write
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process, limits)
                tasks.cancel_scope.cancel()
    finally:
        for stream in (incoming, read, write, outgoing):
            stream.close()
        if process.returncode is None:
            _kill(process, signal.SIGKILL)
        _let_pipes_go(process)


async def _hear(process: anyio.abc.Process, incoming: Any, limits: Limits, pace: Pace) -> None:
    """Lines of the program's output, as messages. Raises `Flooded` for a line that is too long."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    kept = bytearray()
    async with incoming:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError):
            while True:
                chunk = await process.stdout.receive(CHUNK)
                pace.chunk(len(chunk))
                *lines, rest = chunk.split(b"\n")
                for line in lines:
                    await incoming.send(_message(bytes(kept) + line))
                    kept.clear()
                kept += rest
                if len(kept) > limits.message_bytes:
                    raise Flooded("it sent a message that is too long")


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return ValueError("no message")  # what the library says would quote it


async def _tell(process: anyio.abc.Process, outgoing: Any, incoming: Any) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    try:
        async with outgoing:
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(text.encode() + b"\n")
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        await incoming.aclose()  # so that nobody waits for an answer


async def _discard(process: anyio.abc.Process, counts: Counts, pace: Pace) -> None:
    """What it writes to stderr is counted and thrown away: it may hold anything, and would fill a log."""
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError):
        while True:
            size = len(await process.stderr.receive(CHUNK))
            counts.stderr_bytes += size
            pace.chunk(size)


async def _end(process: anyio.abc.Process, limits: Limits) -> None:
    """Close its input, ask it to stop, and then kill it with all that it started and that did not leave its group."""
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        assert process.stdin is not None  # noqa: S101 - it was asked for
        await process.stdin.aclose()
    if not await _gone(process, limits.end_seconds):
        _kill(process, signal.SIGTERM)
        await _gone(process, limits.end_seconds)
    _kill(process, signal.SIGKILL)
    await _gone(process, limits.end_seconds)


async def _gone(process: anyio.abc.Process, seconds: float) -> bool:
    """Asked rather than awaited: a child that holds the pipes would make an ended program look alive."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:  # noqa: ASYNC110 - the end of a process is no event of anyio's
            await anyio.sleep(0.01)
    return process.returncode is not None


def _kill(process: anyio.abc.Process, how: signal.Signals) -> None:
    """To the whole group; its number is the program's, because the program began it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)


def _let_pipes_go(process: anyio.abc.Process) -> None:
    """What left the group may hold an end of a pipe. Nothing public closes ours then, hence the attributes."""
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if callable(close := getattr(transport, "close", None)):
        with suppress(PermissionError):
            close()
