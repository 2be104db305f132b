"""`agents.sessions.…` and `assistant.threads.…`: what an agent shows besides its messages."""

from __future__ import annotations

from typing import Any

from simulators.slack.api.ask import Ask
from simulators.slack.records import Room, Session
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]

STATUSES = frozenset({"processing", "active", "suspended", "closed"})
NO_STOP = "missing_agent_session_stopped_event_subscription"


def set_session(world: World, channel: str, thread_ts: str, status: str, title: str = "") -> Session:
    """A thread's session gets a status; the title counts only when the session is new."""
    session = world.sessions.get((channel, thread_ts))
    if session is None:
        session = world.sessions[channel, thread_ts] = Session(status, title)
    session.status = status
    return session


def _room(world: World, ask: Ask) -> Room:
    room = world.room(ask.text("channel_id", "channel_not_found"), ask.team)
    if world.workspace(ask.team).bot_user not in room.members:
        raise SlackRefusal("not_in_channel")
    return room


def _thread(ask: Ask, room: Room) -> str:
    thread_ts = ask.text("thread_ts")
    if not room.has_thread(thread_ts):
        raise SlackRefusal("thread_not_found")
    return thread_ts


def set_status(world: World, ask: Ask) -> Json:
    """`agents.sessions.setStatus`."""
    room = _room(world, ask)
    thread_ts, status, title = _thread(ask, room), ask.text("status"), ask.maybe("title")
    if status not in STATUSES or len(title) > 200:
        raise SlackRefusal("invalid_arguments", "[ERROR] status or title is not valid")
    if not world.manifest.agent_view:
        raise SlackRefusal("not_allowed")
    session = set_session(world, room.id, thread_ts, status, title)
    body: Json = {"ok": True, "status": status, "agent_status": status, "title": session.title}
    if "agent_session_stopped" not in world.manifest.events:
        body |= {"warning": NO_STOP, "response_metadata": {"warnings": [NO_STOP]}}
    return body


def rename(world: World, ask: Ask) -> Json:
    """`agents.sessions.rename`."""
    room = _room(world, ask)
    thread_ts, title = _thread(ask, room), ask.text("title")
    session = world.sessions.get((room.id, thread_ts))
    if session is None:
        raise SlackRefusal("session_not_found")
    if len(title) > 200:
        raise SlackRefusal("invalid_arguments", "[ERROR] must be less than 201 characters: title")
    session.title = title
    return {"ok": True, "title": title}


def set_line(world: World, ask: Ask) -> Json:
    """`assistant.threads.setStatus`: a line under the thread, gone with the next message. Empty takes it away."""
    room = _room(world, ask)
    thread_ts, lines = _thread(ask, room), ask.json("loading_messages") or []
    if not isinstance(lines, list) or len(lines) > 10:
        raise SlackRefusal("invalid_arguments", "[ERROR] no more than 10 items allowed: loading_messages")
    set_session(world, room.id, thread_ts, "processing").line = ask.maybe("status")
    return {"ok": True}


def set_title(world: World, ask: Ask) -> Json:
    """`assistant.threads.setTitle`, of the older surface."""
    room = _room(world, ask)
    set_session(world, room.id, _thread(ask, room), "active").title = ask.text("title")
    return {"ok": True}


def set_prompts(world: World, ask: Ask) -> Json:
    """`assistant.threads.setSuggestedPrompts`. With a `thread_ts`, prompts of an agent go nowhere, silently."""
    room, prompts = _room(world, ask), ask.json("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
        raise SlackRefusal("invalid_arguments", "[ERROR] from 1 to 4 items: prompts")
    for prompt in prompts:
        if not isinstance(prompt, dict) or not prompt.get("title") or not prompt.get("message"):
            raise SlackRefusal("invalid_arguments", "[ERROR] title and message: prompts")
    if ask.maybe("thread_ts") and world.manifest.agent_view:
        return {"ok": True}
    if room.kind == "im":
        world.people[room.name].suggested = prompts
    return {"ok": True}
