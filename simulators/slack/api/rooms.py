"""`conversations.…` and `users.…`: who and where."""

from __future__ import annotations

from typing import Any

from simulators.slack import events
from simulators.slack.api.ask import Ask
from simulators.slack.message import SimMessage
from simulators.slack.records import Account, Room
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]


def open_room(world: World, ask: Ask) -> Json:
    """`conversations.open`: the conversation with one person, or a group of some."""
    users = [user.strip() for user in ask.text("users", "users_list_not_supplied").split(",") if user.strip()]
    people = [_person(world, user) for user in users]
    for person in people:
        if person.deactivated:
            raise SlackRefusal("user_disabled")
        if person.bot:
            raise SlackRefusal("cannot_dm_bot")
    if len(people) == 1:
        return {"ok": True, "channel": {"id": world.open_im(people[0]).id}}
    name = "mpdm-" + "--".join(sorted(users))
    members = {*users, world.workspace(ask.team).bot_user}
    room = world.rooms.setdefault(name, Room(name, ask.team, "mpim", name, members))
    return {"ok": True, "channel": {"id": room.id}}


def _person(world: World, user: str) -> Account:
    if user not in world.people:
        raise SlackRefusal("user_not_found")
    return world.people[user]


def _room(world: World, ask: Ask, use: str) -> Room:
    room = world.room(ask.text("channel", "channel_not_found"), ask.team)
    ask.must_hold_for(use, room.kind)
    return room


def info(world: World, ask: Ask) -> Json:
    """`conversations.info`."""
    room = _room(world, ask, "read")
    shared = bool(room.shared_with)
    channel: Json = {
        "id": room.id,
        "name": room.name,
        "is_channel": room.kind == "channel",
        "is_group": room.kind == "group",
        "is_im": room.kind == "im",
        "is_mpim": room.kind == "mpim",
        "is_private": room.kind != "channel",
        "is_member": world.workspace(ask.team).bot_user in room.members,
        "is_archived": False,
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_org_shared": False,
        "context_team_id": room.team,
        "connected_team_ids": [room.shared_with] if shared else [],
    }
    if room.kind == "im":
        channel["user"] = room.name
    if ask.flag("include_num_members"):
        channel["num_members"] = len(room.members)
    return {"ok": True, "channel": channel}


def members(world: World, ask: Ask) -> Json:
    """`conversations.members`."""
    room = _room(world, ask, "read")
    page, cursor = page_of(ask, sorted(room.members), 100)
    return {"ok": True, "members": page, "response_metadata": {"next_cursor": cursor}}


def history(world: World, ask: Ask) -> Json:
    """`conversations.history`: what is no reply, newest first."""
    room = _readable(world, ask)
    oldest, latest = ask.maybe("oldest"), ask.maybe("latest") or "9"
    inclusive = bool(ask.flag("inclusive"))
    found = [
        message
        for message in sorted(room.messages.values(), key=lambda message: message.ts, reverse=True)
        if not message.thread_ts or message.thread_ts == message.ts
        if oldest < message.ts < latest or (inclusive and message.ts in (oldest, latest))
    ]
    return _messages(ask, found)


def replies(world: World, ask: Ask) -> Json:
    """`conversations.replies`: a thread with its root, oldest first."""
    room = _readable(world, ask)
    ts = ask.text("ts")
    root = room.messages.get(ts)
    thread = (root.thread_ts or ts) if root else ts
    found = [message for message in room.messages.values() if thread in (message.ts, message.thread_ts)]
    if not found:
        raise SlackRefusal("thread_not_found")
    return _messages(ask, sorted(found, key=lambda message: message.ts))


def _readable(world: World, ask: Ask) -> Room:
    room = _room(world, ask, "history")
    if world.workspace(ask.team).bot_user not in room.members:
        raise SlackRefusal("not_in_channel")
    return room


def _messages(ask: Ask, found: list[SimMessage]) -> Json:
    page, cursor = page_of(ask, found, 1000)
    whole = bool(ask.flag("include_all_metadata"))
    return {
        "ok": True,
        "messages": [_without_metadata(message, whole) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _without_metadata(message: SimMessage, whole: bool) -> Json:
    body = message.as_api()
    if not whole:
        body.pop("metadata", None)
    return body


def page_of(ask: Ask, found: list[Any], most: int) -> tuple[list[Any], str]:
    """The part of a list that a call asks for, and the cursor of the next; empty at the end."""
    limit, cursor = ask.number("limit", 100, most), ask.maybe("cursor")
    try:
        begin = int(cursor or 0)
    except ValueError:
        raise SlackRefusal("invalid_cursor") from None
    return found[begin : begin + limit], str(begin + limit) if begin + limit < len(found) else ""


def user_info(world: World, ask: Ask) -> Json:
    """`users.info`; the address only with `users:read.email`."""
    return {"ok": True, "user": _record(ask, _person(world, ask.text("user", "user_not_found")))}


def user_by_email(world: World, ask: Ask) -> Json:
    """`users.lookupByEmail`: members of this workspace who are active."""
    email = ask.text("email", "users_not_found").lower()
    for person in world.people.values():
        if person.email.lower() == email and person.team == ask.team and not (person.deactivated or person.stranger_of):
            return {"ok": True, "user": _record(ask, person)}
    raise SlackRefusal("users_not_found")


def _record(ask: Ask, person: Account) -> Json:
    record = events.user_record(person)
    if ask.token is not None and "users:read.email" in ask.token.scopes and person.email:
        record["profile"]["email"] = person.email
    if ask.flag("include_locale"):
        record["locale"] = person.language
    return record
