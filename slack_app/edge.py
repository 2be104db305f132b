"""What every listener works with: the desk, Slack's people, and a way back to whoever wrote or clicked."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from core.events import Address, Place
from core.linking import Acquaintance
from core.people import ChannelIdentity, Standing
from core.ports import Channel, Desk
from core.replies import Link
from slack_app.afterwards import Afterwards
from slack_app.calling import WebApi
from slack_app.guard import CHANNEL, Guard, Origin
from slack_app.languages import Languages
from slack_app.once import Once
from slack_app.people import People
from slack_app.settings import SlackSettings
from slack_app.shapes import Json
from slack_app.threads import Threads


class Whispering(Channel, Protocol):
    """A channel that can also say something that only one person sees and that nobody needs to keep."""

    async def whisper(
        self, tenant: str, channel: str, user: str, text: str, thread: str = "", links: Sequence[Link] = ()
    ) -> None:
        """Say it to one person in a room, or in their direct chat where that cannot be."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The parts of the edge, put together once. `clock` gives seconds since 1970."""

    settings: SlackSettings
    desk: Desk
    channel: Whispering
    api: WebApi
    guard: Guard
    people: People
    languages: Languages
    threads: Threads
    afterwards: Afterwards
    once: Once
    clock: Callable[[], float]
    departed: Callable[[str], Awaitable[object]]
    met: Callable[[Acquaintance], Awaitable[object]]

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever wrote or clicked: who they are for the directory, and what Slack says of them."""

    user: str
    identity: ChannelIdentity
    standing: Standing


@dataclass(frozen=True, slots=True)
class Told:
    """One event as Slack told it. `event_id` is Slack's own, the same for each delivery.

    `outside`: it happened in a channel that another organisation reads too (Slack Connect).
    """

    origin: Origin
    event: Json
    event_id: str
    outside: bool = False


def event_id_of(origin: Origin, *what: str) -> str:
    """The id of an event for the rest of the house: `slack:team:` and a hash.

    Not Slack's own event id: one message that mentions us comes as two events, `app_mention` and `message`, with two
    ids, and an edit names the message by its room and `ts` only. Hashed because ids outlive the text, also in logs,
    and a room can be one person's direct chat.
    """
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:32]
    return f"{CHANNEL}:{origin.tenant}:{digest}"


def message_id(origin: Origin, room: str, ts: str) -> str:
    """The event id of the message that stands at `ts` of a room."""
    return event_id_of(origin, "message", room, ts)


def address_of(origin: Origin, room: str, root: str, user: str, *, direct: bool) -> Address:
    """Where replies to a post under `root` go.

    All of a direct chat is one running conversation, drawn by Slack as one thread for each question; a thread of a
    channel is a conversation of its own.
    """
    if direct:
        return Address(CHANNEL, origin.tenant, room, Place.DIRECT, None, user, root)
    return Address(CHANNEL, origin.tenant, room, Place.SHARED, root or None, user)
