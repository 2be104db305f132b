"""The terminal as a place to talk: every room is a file in the home folder, and one screen looks at some of them.

What is said to somebody who is not looking waits in their room's file until they open a chat.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.encoding import decode, encode
from core.events import Address
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


class TerminalChannel:
    """Implements `core.ports.Channel`. `show` draws what is posted in the rooms of `rooms`."""

    def __init__(self, folder: Path, rooms: frozenset[str] = frozenset(), show: Callable[[Line], None] | None = None):
        self._folder = folder
        self._rooms = rooms
        self._show = show

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return Capabilities(max_chars=100_000)

    async def send(self, address: Address, reply: Reply, key: str) -> str:
        """See `Channel.send`."""
        await self._post(address, Line(key, reply, address.thread))
        return key

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`. A terminal cannot change what it printed: the new state is printed below."""
        await self._post(address, Line(receipt, reply, address.thread, replaces=receipt))

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`."""
        return Address(NAME, tenant, user, user=user)

    def unseen(self) -> list[Line]:
        """What was posted in the viewed rooms while nobody looked, and from now on counts as seen."""
        lines: list[Line] = []
        for room in sorted(self._rooms):
            file, mark = self._file(room), self._mark(room)
            posted = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            seen = int(mark.read_text()) if mark.exists() else 0
            lines += [decode(Line, json.loads(line)) for line in posted[seen:]]
            if len(posted) > seen:
                mark.write_text(str(len(posted)))
        return lines

    async def _post(self, address: Address, line: Line) -> None:
        await asyncio.to_thread(self._append, address.room, line)
        if self._show is not None and address.room in self._rooms:
            self.unseen()
            self._show(line)

    def _append(self, room: str, line: Line) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._file(room).open("a", encoding="utf-8") as file:
            file.write(json.dumps(encode(line), ensure_ascii=False) + "\n")

    def _file(self, room: str) -> Path:
        return self._folder / f"{_file_name(room)}.jsonl"

    def _mark(self, room: str) -> Path:
        return self._folder / f"{_file_name(room)}.seen"


def _file_name(room: str) -> str:
    # A room may hold any character; employee ids and group names stay readable.
    plain = "".join(letter for letter in room if letter.isalnum() or letter in "-_")
    return plain if plain == room else f"{plain[:40]}-{hashlib.sha256(room.encode()).hexdigest()[:12]}"
