"""Names to addresses, in threads of their own: a name server that hangs must not hold up the database's threads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

THREADS = 4


class Resolver(Protocol):
    """Looks a name up. Raises `OSError` when it has no address."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host, as text."""


class ThreadedResolver:
    """Implements `Resolver` with what the operating system knows."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """See `Resolver`."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="loket-names")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except UnicodeError as error:
        raise OSError("no name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
