"""A small thread pool of its own for each kind of blocking work, so that one that hangs holds up no other."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """At most `most` threads called `name-…`, started when first needed. Usable again after `close`.

    The loop's own pool grows to as many threads as there are callers at once; each then holds the interpreter up.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `asyncio.to_thread` does, in one of these threads: context variables go along."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._opened(), lambda: context.run(work, *args, **kwargs)
        )

    def close(self) -> None:
        """Let the threads go when they have finished; waits for none."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)

    def _opened(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._most, thread_name_prefix=self._name)
            return self._pool
