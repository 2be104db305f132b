"""What is done once Slack has its answer: seen to the end at a stop, and never a reason for anything else to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from core.errors import LoketError, where

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Afterwards:
    """Tasks of which somebody keeps track. Nothing that must not be lost belongs here: that is stored first."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def track(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin it now; the caller looks after what comes of it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def do(self, kind: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[None]:
        """Begin it now. What goes wrong stands in the log under `kind`, without any text of people."""
        return self.track(_logged(kind, work))

    async def finish(self, seconds: float) -> None:
        """Wait until all is done, what began meanwhile too; what is not done then is given up."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        except TimeoutError:
            left = set(self._tasks)
            log.warning("slack_afterwards_given_up", count=len(left))
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def _logged(kind: str, work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except LoketError as error:
        log.warning("slack_afterwards_failed", kind=kind, error=getattr(error, "code", "") or type(error).__name__)
    except Exception as error:  # noqa: BLE001 - nobody waits for it; the text of an error may hold what people wrote
        log.error("slack_afterwards_failed", kind=kind, error=type(error).__name__, at=where(error))
