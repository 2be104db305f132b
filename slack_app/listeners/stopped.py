"""`agent_session_stopped`: somebody pressed Slack's own Stop while an answer was being made."""

from __future__ import annotations

from core.events import Stop
from slack_app.edge import Edge, Told, address_of, event_id_of
from slack_app.posted import is_direct
from slack_app.shapes import needed_id, needed_ts, text_of, ts_of

SECONDS = 5.0


async def pressed(edge: Edge, told: Told) -> None:
    """What is not answered yet is not answered any more. Slack keeps showing work until we say that it is over."""
    event = told.event
    room, root, user = needed_id(event, "channel"), needed_ts(event, "thread_ts"), needed_id(event, "user")
    address = address_of(told.origin, room, root, user, direct=is_direct(room, text_of(event, "channel_type")))
    event_id = event_id_of(told.origin, "stop", room, root, user, ts_of(event, "event_ts") or told.event_id)
    await edge.desk.stop(Stop(event_id, told.origin.identity(user), address))
    edge.afterwards.do("session", _over(edge, told, room, root))


async def _over(edge: Edge, told: Told, room: str, root: str) -> None:
    await edge.api.call(
        told.origin.tenant,
        "agents.sessions.setStatus",
        lambda client: client.agents_sessions_setStatus(channel_id=room, thread_ts=root, status="active"),
        until=edge.api.until(SECONDS),
    )
