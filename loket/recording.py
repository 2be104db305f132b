"""A channel that only remembers: for tests, the demo's transcript and answers as JSON."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

from core.events import Address, Message
from core.ports import Capabilities
from core.replies import Reply


@dataclass(frozen=True, slots=True)
class Posted:
    """One post. `replaces` names the post it took the place of; `number` orders posts over all channels."""

    receipt: str
    address: Address
    reply: Reply
    replaces: str = ""
    number: int = field(default_factory=itertools.count(1).__next__)


@dataclass(frozen=True, slots=True)
class Streamed:
    """One checked sentence that was shown before the answer was whole; empty text means: all before was withdrawn.

    `at` is `time.monotonic` in seconds.
    """

    event_id: str
    address: Address
    text: str
    at: float = field(default_factory=time.monotonic)


class RecordingChannel:
    """Implements `core.ports.Channel`, `Live` and `Attentive`; `posts` and `streamed` hold everything as it came.

    `begun_events` are the ids of the messages the desk began to think about, `taken_events` those of which the channel
    was told that they were taken in, with what was said of the wait.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.posts: list[Posted] = []
        self.streamed: list[Streamed] = []
        self.begun_events: list[str] = []
        self.taken_events: list[tuple[str, str]] = []

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return Capabilities(modals=True, streaming=True)

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel.send`. A repeated key is dropped."""
        if all(post.receipt != key for post in self.posts):
            self.posts.append(Posted(key, address, reply))
        return key

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`. The update is remembered as a post of its own."""
        self.posts.append(Posted(receipt, address, reply, replaces=receipt))

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`."""
        return Address(self._name, tenant, user, user=user)

    async def taken(self, message: Message, busy: str = "") -> None:
        """See `Attentive.taken`."""
        self.taken_events.append((message.event_id, busy))

    async def begun(self, message: Message) -> None:
        """See `Live.begun`."""
        self.begun_events.append(message.event_id)

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`."""
        self.streamed.append(Streamed(message.event_id, message.address, text))

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        self.streamed.append(Streamed(message.event_id, message.address, ""))
