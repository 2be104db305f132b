"""The global middleware in which everything from Slack is stored or decided, before Bolt acknowledges anything.

Bolt acknowledges an event before its listeners run and forgets them at a stop; so none are registered with it. What
is answered here is answered for good: 200 when it is stored, 500 when it is not, and then Slack sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

import structlog
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from core.errors import LoketError, where
from slack_app.edge import Edge, Told
from slack_app.guard import Origin, origin_of
from slack_app.listeners import (
    clicks,
    forms,
    home,
    lifecycle,
    mention,
    message,
    stopped,
)
from slack_app.shapes import Json, Malformed, is_set, part_of, text_of
from storage.faultpoint import reached

Listener = Callable[[Edge, Told], Awaitable[None]]
Answer = Mapping[str, object]

LISTENERS: Mapping[str, Listener] = {
    "app_home_opened": home.opened,
    "app_mention": mention.heard,
    "app_uninstalled": lifecycle.uninstalled,
    "agent_session_stopped": stopped.pressed,
    "message": message.heard,
    "tokens_revoked": lifecycle.revoked,
    "user_change": lifecycle.changed,
}
"""Events that are not here are acknowledged and left alone; `app_context_changed` is one: what somebody looks at is a
hint that anybody can make, and nothing rests on it."""
_LEFT_ALONE = frozenset(
    {"view_closed", "block_suggestion", "shortcut", "message_action", "interactive_message", "dialog_submission"}
)
_FROM_ANYBODY = frozenset({"app_uninstalled", "tokens_revoked"})
"""A workspace that is not served any more may still leave, and what we kept of it goes."""
log = structlog.get_logger(__name__)


class Whole(AsyncMiddleware):
    """Stands before Bolt's own middleware, which takes an event for an object, and raises where it is none."""

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """See Bolt."""
        if not isinstance(req.body.get("event", {}), dict):
            return BoltResponse(status=400, body="")
        return await next()


class Receiving(AsyncMiddleware):
    """Stands after Bolt's own middleware. `accepting` is false while the process drains: another one takes it then."""

    def __init__(self, edge: Edge, accepting: Callable[[], bool]) -> None:
        self._edge = edge
        self._accepting = accepting

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """See Bolt. `next` is never called: there is nothing behind this."""
        if not self._accepting():
            return BoltResponse(status=503, body="")
        try:
            answer = await self._taken(req.body)
        except (Malformed, RecursionError) as error:
            log.warning("slack_not_understood", reason=str(error)[:60] if isinstance(error, Malformed) else "depth")
            return BoltResponse(status=400, body="")
        except LoketError as error:
            log.warning("slack_not_stored", error=type(error).__name__, system=getattr(error, "system", ""))
            return BoltResponse(status=500, body="")
        except Exception as error:  # noqa: BLE001 - Bolt would write its text, which may hold what people wrote, to a log
            log.error("slack_not_stored", error=type(error).__name__, at=where(error))
            return BoltResponse(status=500, body="")
        reached("slack.before_acknowledge")
        if answer is None:
            return BoltResponse(status=200, body="")
        return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": "application/json"})

    async def _taken(self, body: Json) -> Answer | None:
        kind = text_of(body, "type")
        if kind == "app_rate_limited":
            log.warning("slack_events_limited")
            return None
        if kind in _LEFT_ALONE:
            return None
        if kind not in ("event_callback", "block_actions", "view_submission"):
            raise Malformed("type")
        origin = origin_of(body)
        if not self._edge.guard.admits(origin) and text_of(part_of(body, "event"), "type") not in _FROM_ANYBODY:
            log.warning("slack_workspace_not_served", kind=kind)
            return None
        if kind == "event_callback":
            await self._event(origin, body)
            return None
        if kind == "block_actions":
            await clicks.pressed(self._edge, origin, body)
            return None
        return await forms.sent(self._edge, origin, body)

    async def _event(self, origin: Origin, body: Json) -> None:
        event = part_of(body, "event")
        listener = LISTENERS.get(text_of(event, "type"))
        if listener is not None:
            outside = is_set(body, "is_ext_shared_channel")
            await listener(self._edge, Told(origin, event, text_of(body, "event_id"), outside))
