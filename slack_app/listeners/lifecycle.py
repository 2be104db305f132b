"""`app_uninstalled`, `tokens_revoked`, `user_change`: a workspace leaves, a person changes."""

from __future__ import annotations

import structlog

from slack_app.edge import Edge, Told
from slack_app.shapes import Malformed, needed_id, part_of

log = structlog.get_logger(__name__)


async def uninstalled(edge: Edge, told: Told) -> None:
    """The workspace removed the app."""
    log.info("slack_uninstalled")
    await edge.departed(told.origin.tenant)


async def revoked(edge: Edge, told: Told) -> None:
    """Tokens were withdrawn. Those of single users are none of ours."""
    bots = part_of(told.event, "tokens").get("bot")
    if bots is not None and not isinstance(bots, list):
        raise Malformed("bot")
    if bots:
        log.info("slack_tokens_revoked")
        await edge.departed(told.origin.tenant)


async def changed(edge: Edge, told: Told) -> None:
    """Somebody's record changed: they may be a guest now, or gone."""
    record = part_of(told.event, "user")
    edge.people.forget(told.origin, needed_id(record, "id"))
    who = edge.people.described(told.origin, record)
    if who is not None:
        await edge.met(who)
