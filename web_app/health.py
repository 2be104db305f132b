"""Is the process up, can it take work, what does it count: for whoever watches it, and nothing for anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web_app.responses import JsonResponse

Probe = Callable[[], Awaitable[bool]]
PROBE_SECONDS = 2.0
"""How long one probe may take."""
FRESH_SECONDS = 1.0
"""How long an answer holds: whoever asks more often does not make the database work."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpsParts:
    """What the health of a process is read from. `probes` by the name that is told, such as `database`.

    `metrics` gives the text of the Prometheus format and may block; `accepting` is false while the process drains.
    """

    probes: Mapping[str, Probe]
    metrics: Callable[[], str]
    accepting: Callable[[], bool]


class Health:
    """The handlers."""

    def __init__(self, parts: OpsParts) -> None:
        self._parts = parts
        self._running: dict[str, asyncio.Task[bool]] = {}
        self._failed: tuple[str, ...] = ()
        self._fresh_until = 0.0
        self._lock = asyncio.Lock()
        self._page, self._page_until = "", 0.0
        self._counting = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """Where they are."""
        return [
            Route("/health/live", self.live),
            Route("/health/ready", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def live(self, _: Request) -> Response:
        """The process is up; it needs nothing for that."""
        return JsonResponse({"live": True})

    async def ready(self, _: Request) -> Response:
        """200 when every probe is good and new work is taken; else 503 with the names of what is not."""
        failed = [*([] if self._parts.accepting() else ["draining"]), *await self._failing()]
        return JsonResponse({"ready": not failed, "failed": failed}, 503 if failed else 200)

    async def metrics(self, _: Request) -> Response:
        """What the process counts. In a thread: some of it is read from the database, which may be slow."""
        async with self._counting:
            clock = asyncio.get_running_loop().time
            if clock() >= self._page_until:
                self._page = await asyncio.to_thread(self._parts.metrics)
                self._page_until = clock() + FRESH_SECONDS
        return Response(self._page, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _failing(self) -> tuple[str, ...]:
        async with self._lock:
            clock = asyncio.get_running_loop().time
            if clock() >= self._fresh_until:
                good = await asyncio.gather(*(self._good(name) for name in self._parts.probes))
                self._failed = tuple(
                    name for name, is_good in zip(self._parts.probes, good, strict=True) if not is_good
                )
                self._fresh_until = clock() + FRESH_SECONDS
            return self._failed

    async def _good(self, name: str) -> bool:
        # One that hangs is not started again beside itself: it may hold a thread.
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(self._probe(name))
        await asyncio.wait({task}, timeout=PROBE_SECONDS)
        return task.done() and task.result()

    async def _probe(self, name: str) -> bool:
        try:
            return await self._parts.probes[name]()
        except Exception as error:  # noqa: BLE001 - a probe that fails in whatever way says that it is not good
            log.warning("probe_failed", kind=name, error=type(error).__name__)
            return False
