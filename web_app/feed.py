"""Who is listening in this process: readers are woken for new posts and are shown answers while these are written.

A post is in its table and cannot be missed. What is shown of an answer before is a preview: a reader that is too slow
loses previews, and is told to take back what it saw of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from core.events import Message

MOST_PREVIEWS = 200
"""How many previews wait for one reader."""
MOST_READERS = 64
"""How many readers one source may have in this process: each costs a look at the table twice a second."""


class TooManyReaders(Exception):
    """The source acts: it has opened more readers than it may."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Something about the answer to `message` that is not there yet.

    `text` is the sentence of a `sentence`, and of a `taken` what is said of a long wait.
    """

    kind: Literal["taken", "begun", "sentence", "withdraw"]
    message: Message
    text: str = ""


class Reader:
    """One listening reader. Use it from one task."""

    def __init__(self) -> None:
        self._previews: deque[Preview] = deque()
        self._woken = asyncio.Event()
        self._posted = False

    async def wait(self, seconds: float) -> None:
        """Until something new may be there, `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def take(self) -> list[Preview]:
        """The previews since the last call, oldest first."""
        taken = list(self._previews)
        self._previews.clear()
        return taken

    def posted(self) -> None:
        """There is a new post."""
        self._posted = True
        self._woken.set()

    @property
    def is_posted(self) -> bool:
        """Whether it was said since the last look that there is a new post."""
        return self._posted

    def looks(self) -> None:
        """The reader looks into the table now: what was said before that is done with."""
        self._posted = False

    def show(self, preview: Preview) -> None:
        """One more preview."""
        self._previews.append(preview)
        if len(self._previews) > MOST_PREVIEWS:
            self._give_up()
        self._woken.set()

    def _give_up(self) -> None:
        """Nothing that waits will be shown; of each of these answers the reader takes back what it has."""
        messages = {preview.message.event_id: preview.message for preview in self._previews}
        kept = list(messages.values())[-MOST_PREVIEWS // 2 :]
        self._previews = deque(Preview("withdraw", message) for message in kept)


class Feed:
    """The readers of this process, by source. Use it on one event loop."""

    def __init__(self) -> None:
        self._readers: dict[str, set[Reader]] = {}

    @contextmanager
    def reader(self, source: str) -> Iterator[Reader]:
        """Listen to what is for `source` while the block lasts. Raises `TooManyReaders`."""
        if self.is_full(source):
            raise TooManyReaders(source)
        readers, reader = self._readers.setdefault(source, set()), Reader()
        readers.add(reader)
        try:
            yield reader
        finally:
            readers.discard(reader)
            if not readers and self._readers.get(source) is readers:
                del self._readers[source]

    def is_full(self, source: str) -> bool:
        """Whether the source has as many readers as it may."""
        return len(self._readers.get(source, ())) >= MOST_READERS

    def posted(self, source: str) -> None:
        """There is a new post for `source`."""
        for reader in self._readers.get(source, ()):
            reader.posted()

    def show(self, preview: Preview) -> None:
        """Show it to the readers of the source that the message came from, and to nobody else."""
        for reader in self._readers.get(preview.message.address.tenant, ()):
            reader.show(preview)
