"""Calling a handler until it returns: in a fresh context, with growing pauses, and never silently."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence

import structlog

from core.errors import where
from loket.engine import RETRY_PAUSES, Handler, Queue


async def attempt(queue: Queue, handler: Handler, work_id: str, pauses: Sequence[float] = RETRY_PAUSES) -> bool:
    """Call the handler, again after each pause while it raises; false when the last try raised too."""
    for pause in (*pauses, None):
        try:
            await _in_fresh_context(handler, work_id)
        except Exception as error:  # noqa: BLE001 - the last line of defence: whatever a handler raises is tried again
            structlog.get_logger("loket.engine").error(
                "handler_raised",
                queue=queue.value,
                work_id=work_id,
                error=type(error).__name__,
                at=where(error),
                again=pause,
            )
            if pause is not None:
                await asyncio.sleep(pause)
        else:
            return True
    return False


async def _in_fresh_context(handler: Handler, work_id: str) -> None:
    # A queue library's own context variables would otherwise leak into the graph and its tools.
    async def call() -> None:
        await handler(work_id)

    await asyncio.create_task(call(), context=contextvars.Context())
