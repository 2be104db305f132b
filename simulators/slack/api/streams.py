"""`chat.startStream`, `appendStream`, `stopStream`: messages that grow before the reader's eyes."""

from __future__ import annotations

from typing import Any

from simulators.slack.api.agents import STATUSES, set_session
from simulators.slack.api.ask import Ask
from simulators.slack.api.chat import room_to_write, thread_of
from simulators.slack.limits.messages import check_blocks, check_chunks, check_metadata, check_text
from simulators.slack.message import SimMessage
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]


def start(world: World, ask: Ask) -> Json:
    """`chat.startStream`: in a thread always, and in a channel for somebody."""
    room = room_to_write(world, ask)
    ask.text("thread_ts")
    if room.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            ask.text(name, f"missing_{name}")
        if ask.text("recipient_user_id") not in world.people:
            raise SlackRefusal("user_not_found")
    if ask.maybe("task_display_mode") not in ("", "timeline", "plan"):
        raise SlackRefusal("invalid_arguments", "[ERROR] must be one of timeline, plan: task_display_mode")
    place = world.workspace(ask.team)
    message = SimMessage(room.id, world.clock.stamp(), place.bot_user, ask.team, bot_id=place.bot_id)
    message.app_id, message.thread_ts = world.app_id, thread_of(room, ask)
    message.markdown = message.streaming = message.streamed = True
    message.started_at = world.clock.now()
    _grow(world, ask, message)
    room.messages[message.ts] = message
    return {"ok": True, "channel": room.id, "ts": message.ts}


def append(world: World, ask: Ask) -> Json:
    """`chat.appendStream`."""
    message = _streaming(world, ask)
    if not ask.args.get("markdown_text") and not ask.args.get("chunks"):
        raise SlackRefusal("no_text")
    _grow(world, ask, message)
    return {"ok": True, "channel": message.channel, "ts": message.ts}


def stop(world: World, ask: Ask) -> Json:
    """`chat.stopStream`: with blocks below what was streamed."""
    message = _streaming(world, ask)
    blocks, metadata = ask.json("blocks", "invalid_blocks_format"), ask.json("metadata", "invalid_metadata_format")
    status = ask.maybe("session_status") or "active"
    check_blocks(blocks)
    check_metadata(metadata)
    if status not in STATUSES:
        raise SlackRefusal("invalid_arguments", "[ERROR] not a session status: session_status")
    _grow(world, ask, message)
    message.blocks = world.name_blocks(blocks or [])
    message.metadata = metadata or None
    message.streaming = False
    set_session(world, message.channel, message.thread_ts or message.ts, status)
    world.hear(message, "")
    return {"ok": True, "channel": message.channel, "ts": message.ts, "message": message.as_api()}


def _streaming(world: World, ask: Ask) -> SimMessage:
    room = room_to_write(world, ask)
    message = world.message(room, ask.text("ts"))
    world.settle_stream(message)
    if message.bot_id != world.workspace(ask.team).bot_id:
        raise SlackRefusal("message_not_owned_by_app")
    if message.stopped_by:
        raise SlackRefusal("stopped_by_user")
    if not message.streaming:
        raise SlackRefusal("message_not_in_streaming_state")
    return message


def _grow(world: World, ask: Ask, message: SimMessage) -> None:
    text, chunks = ask.args.get("markdown_text"), ask.json("chunks", "invalid_chunks")
    check_text(text, 12_000)
    check_chunks(chunks)
    message.text += text or ""
    for chunk in chunks or ():
        if chunk["type"] == "markdown_text":
            message.text += chunk["text"]
        elif chunk["type"] == "task_update":
            _update_task(message, chunk)
        elif chunk["type"] == "blocks":
            message.chunks.append({"type": "blocks", "blocks": world.name_blocks(chunk["blocks"])})
        else:
            message.chunks.append(chunk)


def _update_task(message: SimMessage, chunk: Json) -> None:
    """A task's title and status are replaced; what is said in `details` and `output` is added."""
    for known in message.chunks:
        if known.get("type") == "task_update" and known["id"] == chunk["id"]:
            grown: Json = {key: known.get(key, "") + chunk[key] for key in ("details", "output") if key in chunk}
            known.update({**chunk, **grown})
            return
    message.chunks.append(dict(chunk))
