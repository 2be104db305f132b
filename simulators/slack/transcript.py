"""A conversation as it stands on the screen: who wrote what, where, and what can be pressed."""

from __future__ import annotations

from collections.abc import Iterable

from simulators.slack.drawing import draw_message
from simulators.slack.message import SimMessage
from simulators.slack.records import Room
from simulators.slack.world import World


def transcript(world: World, channels: Iterable[str] | None = None) -> str:
    """The channels (all in which something was written), threads under their roots, in order of time."""
    names = {person.id: person.name for person in world.people.values()}
    names |= {room.id: room.name for room in world.rooms.values()}
    rooms = [world.rooms[channel] for channel in channels] if channels is not None else list(world.rooms.values())
    parts = [_room(room, names) for room in rooms if room.messages or room.ephemerals]
    return "\n\n".join(parts)


def _room(room: Room, names: dict[str, str]) -> str:
    title = f"{names.get(room.name, room.name)}, direct" if room.kind == "im" else f"#{room.name}"
    lines = [f"=== {title} ==="]
    written = sorted([*room.messages.values(), *(m for m in room.ephemerals if not m.deleted)], key=lambda m: m.ts)
    there = {message.ts for message in written}
    for message in written:
        if not message.thread_ts or message.thread_ts == message.ts or message.thread_ts not in there:
            lines += _message(message, names, "")
            replies = (other for other in written if other.thread_ts == message.ts and other is not message)
            for reply in replies:
                lines += _message(reply, names, "    ")
    return "\n".join(lines)


def _message(message: SimMessage, names: dict[str, str], margin: str) -> list[str]:
    marks = [mark for mark, there in _marks(message, names) if there]
    head = names.get(message.user, message.user) + (f" ({', '.join(marks)})" if marks else "")
    first, *rest = draw_message(message, names)
    inner = margin + "  "
    return [f"{margin}{head}: {first}", *(f"{inner}{line}".rstrip() for line in rest)]


def _marks(message: SimMessage, names: dict[str, str]) -> list[tuple[str, bool]]:
    return [
        (f"only {names.get(message.ephemeral_to, message.ephemeral_to)} sees this", bool(message.ephemeral_to)),
        ("still writing", message.streaming),
        ("streamed", message.streamed and not message.streaming and not message.edited),
        ("stopped", bool(message.stopped_by)),
        ("edited", message.edited),
    ]
