"""The terminal as a place to talk: every room is a file in the home folder, and one screen looks at some of them.

What is said to somebody who is not looking waits in their room's file until they open a chat.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.encoding import decode, encode
from core.events import Address, Message
from core.people import ChannelIdentity
from core.ports import Capabilities
from core.replies import Reply

NAME = "terminal"
TENANT = "local"


@dataclass(frozen=True, slots=True)
class Line:
    """One post in a room. `replaces` names the post whose place it takes."""

    receipt: str
    reply: Reply
    thread: str | None = None
    replaces: str = ""


Listener = Callable[[str, Line], None]
"""Called with the room and what was posted in it."""
Watcher = Callable[[Message, str], None]
"""Called with a question and the next checked sentence of its answer; with no text when all before is withdrawn."""


class TerminalChannel:
    """Implements `core.ports.Channel` and `Live`; whoever looks at rooms `listen`s, or `watch`es answers grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listeners: list[Listener] = []
        self._watchers: list[Watcher] = []

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return Capabilities(max_chars=100_000, streaming=True)

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel.send`."""
        await self._post(address.room, Line(key, reply, address.thread))
        return key

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`. A terminal cannot change what it printed: the new state is printed below."""
        await self._post(address.room, Line(receipt, reply, address.thread, replaces=receipt))

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`."""
        return address_of(user)

    def listen(self, listener: Listener) -> None:
        """Hear of every post from now on."""
        self._listeners.append(listener)

    async def begun(self, message: Message) -> None:
        """See `Live.begun`. A terminal shows nothing: whoever typed the question looks at the waiting line already."""

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`."""
        for watcher in self._watchers:
            watcher(message, text)

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        for watcher in self._watchers:
            watcher(message, "")

    def watch(self, watcher: Watcher) -> None:
        """See answers being written from now on."""
        self._watchers.append(watcher)

    def unseen(self, room: str) -> list[Line]:
        """What was posted in a room while nobody looked; from now on it counts as seen."""
        posted = self._posted(room)
        seen = self._seen(room)
        if len(posted) > seen:
            self._mark(room).write_text(str(len(posted)))
        return [decode(Line, json.loads(line)) for line in posted[seen:]]

    def saw(self, room: str) -> None:
        """Count the newest post as seen, unless there are older ones that nobody saw."""
        posted = len(self._posted(room))
        if posted - self._seen(room) == 1:
            self._mark(room).write_text(str(posted))

    async def _post(self, room: str, line: Line) -> None:
        await asyncio.to_thread(self._append, room, line)
        for listener in self._listeners:
            listener(room, line)

    def _append(self, room: str, line: Line) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = False
        while not written:
            with self._file(room).open("a", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # retention rewrites rooms under the same lock
                written = os.fstat(file.fileno()).st_nlink > 0  # else it has just removed this one: a new one is made
                if written:
                    file.write(json.dumps(encode(line), ensure_ascii=False) + "\n")

    def _posted(self, room: str) -> list[str]:
        file = self._file(room)
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _seen(self, room: str) -> int:
        mark = self._mark(room)
        return int(mark.read_text()) if mark.exists() else 0

    def _file(self, room: str) -> Path:
        return self._folder / f"{file_name(room)}.jsonl"

    def _mark(self, room: str) -> Path:
        return self._folder / f"{file_name(room)}.seen"


def identity_of(employee_id: str) -> ChannelIdentity:
    """Who somebody is in the terminal: the embedded form trusts whoever holds the home folder."""
    return ChannelIdentity(NAME, TENANT, employee_id)


def address_of(employee_id: str, thread: str | None = None) -> Address:
    """A person's own chat in the terminal."""
    return Address(NAME, TENANT, employee_id, thread=thread, user=employee_id)


def file_name(room: str) -> str:
    """What the file of a room is called, without its ending."""
    # A room may hold any character; employee ids and group names stay readable.
    plain = "".join(letter for letter in room if letter.isalnum() or letter in "-_")
    return plain if plain == room else f"{plain[:40]}-{hashlib.sha256(room.encode()).hexdigest()[:12]}"
