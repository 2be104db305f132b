"""Having the desk decide while Slack waits for its answer; what takes longer goes on without Slack."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from core.errors import LoketError, where
from core.events import Click
from core.ports import Decision
from slack_app.edge import Edge

LONGEST_SECONDS = 2.5
"""Slack shows an error after three."""
log = structlog.get_logger(__name__)


async def decide(edge: Edge, click: Click) -> Decision | None:
    """None where the desk could not; the fields of the click may hold a code, so nothing of an error is repeated."""
    try:
        return await edge.desk.decide(click)
    except LoketError as error:
        log.warning("slack_click_failed", error=type(error).__name__, system=getattr(error, "system", ""))
    except Exception as error:  # noqa: BLE001 - its text may hold what was typed into a form
        log.error("slack_click_failed", error=type(error).__name__, at=where(error))
    return None


async def in_time(task: asyncio.Task[Any]) -> bool:
    """Whether it is done while Slack still waits. It is not cut off where it is not."""
    done, _ = await asyncio.wait({task}, timeout=LONGEST_SECONDS)
    if not done:
        log.warning("slack_click_late")
    return bool(done)
