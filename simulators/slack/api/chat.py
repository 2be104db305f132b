"""`chat.…`: posting, changing and deleting messages."""

from __future__ import annotations

from typing import Any

from simulators.slack.api.ask import Ask
from simulators.slack.limits.messages import check_attachments, check_blocks, check_metadata, check_text
from simulators.slack.message import SimMessage
from simulators.slack.records import Room
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]


def room_to_write(world: World, ask: Ask) -> Room:
    """The room of a call that writes into it. Raises `channel_not_found`, `not_in_channel`, `messages_tab_disabled`."""
    room = world.room(ask.text("channel", "channel_not_found"), ask.team)
    bot = world.workspace(ask.team).bot_user
    public = room.kind == "channel" and ask.token is not None and "chat:write.public" in ask.token.scopes
    if bot not in room.members and not public:
        raise SlackRefusal("not_in_channel")
    if room.kind == "im" and not world.manifest.messages_tab:
        raise SlackRefusal("messages_tab_disabled")
    if any(name in ask.args for name in ("username", "icon_emoji", "icon_url")):
        ask.must_hold("chat:write.customize")
    return room


def post_message(world: World, ask: Ask) -> Json:
    """`chat.postMessage`."""
    room = room_to_write(world, ask)
    message = _new(world, ask, room)
    room.messages[message.ts] = message
    session = world.sessions.get((room.id, message.thread_ts or ""))
    if session is not None:
        session.line = ""
    world.hear(message, "")
    return {"ok": True, "channel": room.id, "ts": message.ts, "message": message.as_api()}


def post_ephemeral(world: World, ask: Ask) -> Json:
    """`chat.postEphemeral`: one person sees it, until they reload; it cannot be changed."""
    room = room_to_write(world, ask)
    user = ask.text("user")
    if user not in room.members:
        raise SlackRefusal("user_not_in_channel")
    message = _new(world, ask, room)
    message.ephemeral_to = user
    room.ephemerals.append(message)
    return {"ok": True, "message_ts": message.ts}


def update(world: World, ask: Ask) -> Json:
    """`chat.update`: blocks that are not given again are gone."""
    room = world.room(ask.text("channel", "channel_not_found"), ask.team)
    message = _own(world, ask, room, "cant_update_message")
    world.settle_stream(message)
    if message.streaming:
        raise SlackRefusal("streaming_state_conflict")
    _check_content(ask, longest=4_000)
    message.versions.append((message.text, message.blocks))
    _fill(world, ask, message)
    message.chunks = []
    message.edited = True
    if message.ts in room.messages:
        world.hear(message, "message_changed")
    return {"ok": True, "channel": room.id, "ts": message.ts, "text": message.text, "message": message.as_api()}


def delete(world: World, ask: Ask) -> Json:
    """`chat.delete`."""
    room = world.room(ask.text("channel", "channel_not_found"), ask.team)
    message = _own(world, ask, room, "cant_delete_message")
    room.bury(message)
    world.hear(message, "message_deleted")
    return {"ok": True, "channel": room.id, "ts": message.ts}


def get_permalink(world: World, ask: Ask) -> Json:
    """`chat.getPermalink`."""
    room = world.room(ask.text("channel", "channel_not_found"), ask.team)
    message = world.message(room, ask.text("message_ts"))
    place = f"{world.address}archives/{room.id}/p{message.ts.replace('.', '')}"
    return {"ok": True, "channel": room.id, "permalink": place}


def _own(world: World, ask: Ask, room: Room, error: str) -> SimMessage:
    message = world.message(room, ask.text("ts"))
    if message.bot_id != world.workspace(ask.team).bot_id:
        raise SlackRefusal(error)
    return message


def _new(world: World, ask: Ask, room: Room) -> SimMessage:
    place = world.workspace(ask.team)
    _check_content(ask, longest=40_000)
    message = SimMessage(room.id, world.clock.stamp(), place.bot_user, ask.team, bot_id=place.bot_id)
    message.app_id = world.app_id
    message.thread_ts = thread_of(room, ask)
    message.unfurl_links, message.unfurl_media = ask.flag("unfurl_links"), ask.flag("unfurl_media")
    _fill(world, ask, message)
    return message


def thread_of(room: Room, ask: Ask) -> str | None:
    """The thread that a call writes in. A reply's own `ts` is no thread."""
    ts = ask.maybe("thread_ts")
    if not ts:
        return None
    if not room.has_thread(ts):
        raise SlackRefusal("thread_not_found")
    root = room.messages.get(ts)
    return (root.thread_ts if root else None) or ts


def _check_content(ask: Ask, longest: int) -> None:
    text, markdown = ask.args.get("text"), ask.args.get("markdown_text")
    blocks, attachments = ask.json("blocks", "invalid_blocks_format"), ask.json("attachments", "invalid_attachments")
    if markdown is not None and (text is not None or blocks is not None):
        raise SlackRefusal("markdown_text_conflict")
    if not (text or markdown or blocks or attachments):
        raise SlackRefusal("no_text")
    check_text(text, longest)
    check_text(markdown, 12_000)
    check_blocks(blocks)
    check_attachments(attachments)
    check_metadata(ask.json("metadata", "invalid_metadata_format"))


def _fill(world: World, ask: Ask, message: SimMessage) -> None:
    markdown = ask.args.get("markdown_text")
    message.markdown = markdown is not None
    message.text = str(markdown if markdown is not None else ask.args.get("text") or "")
    message.blocks = world.name_blocks(ask.json("blocks") or [])
    message.attachments = ask.json("attachments") or []
    message.mrkdwn = ask.flag("mrkdwn") is not False
    message.named = bool(ask.flag("link_names")) or ask.maybe("parse") == "full"
    metadata = ask.json("metadata")
    if metadata is not None:
        message.metadata = metadata or None
