"""A turn that somebody stops while it thinks: it is noticed within seconds, and the model is asked no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from agent.bursts import WroteOn
from storage.faultpoint import reached

T = TypeVar("T")

LOOK_SECONDS = 2.0
"""How often a turn that thinks is looked after; one that is faster than this costs no look."""


async def unless_stopped(thinking: Coroutine[Any, Any, T], stopped: Callable[[], Awaitable[bool]]) -> T:
    """What the thinking comes to. Raises `WroteOn` when it was stopped: it is cancelled, and its model call with it."""
    task = asyncio.ensure_future(thinking)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if await stopped():
                reached("turn.stopped")
                raise WroteOn
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
