"""One answer while it grows: what there is to show, and when. It knows nothing of Slack."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

FULL_SECONDS = 0.2
"""How often it is looked whether there is room again."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a growing answer is shown: times in seconds.

    Slack takes about 100 appends a minute of a workspace, and closes a stream after five minutes.
    """

    after: float = 2.0
    buffer_seconds: float = 1.0
    buffer_chars: int = 256
    longest: float = 240.0


class Growing:
    """Collects sentences and has them shown in order, by one task: `add` and `withdraw` never wait for Slack.

    What is shown takes a place in `room`; while that is full, sentences gather and go together. `show` shows more
    text, `hide` takes back all that was shown, `close` lets the post be without more text. Each says by returning
    false that nothing more can be shown; they raise nothing.
    """

    def __init__(
        self,
        rhythm: Rhythm,
        show: Callable[[str], Awaitable[bool]],
        hide: Callable[[], Awaitable[bool]],
        close: Callable[[], Awaitable[bool]],
        room: asyncio.Semaphore | None = None,
    ) -> None:
        self._rhythm = rhythm
        self._room = room or asyncio.Semaphore(1)
        self._show = show
        self._hide = hide
        self._close = close
        self._text = ""
        self._begun = time.monotonic()
        self._shown_at: float | None = None
        self._withdrawn = False
        self._silent = False
        self._over = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin_again(self) -> None:
        """The desk begins to think (again): the time until something is shown counts from now."""
        if self._shown_at is None:
            self._begun = time.monotonic()

    def add(self, sentence: str) -> None:
        """The next sentence."""
        if not self._silent and not self._over:
            self._text = f"{self._text} {sentence}" if self._text else sentence
            self._go()

    def withdraw(self) -> None:
        """What was added so far no longer counts."""
        self._text = ""
        if self._shown_at is not None:
            self._withdrawn = True
            self._go()
        self._silent = False

    async def end(self) -> None:
        """Show nothing more; returns when no call is on its way any more."""
        self._over = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait({self._task})  # unlike an `await` of it, this does not cancel it with us

    @property
    def is_over(self) -> bool:
        """Whether nothing will be shown any more."""
        return self._over or time.monotonic() - self._begun > self._rhythm.longest

    def _go(self) -> None:
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._over and (self._withdrawn or self._text or self._shown_at is not None):
            self._news.clear()
            pause = self._pause()
            if pause <= 0:
                await self._step()
            else:
                await self._news_within(pause)

    def _pause(self) -> float:
        """Seconds until something is to be done, if nothing new comes."""
        moment = time.monotonic()
        until_closed = self._begun + self._rhythm.longest - moment
        if self._withdrawn:
            return 0.0
        if not self._text:
            return until_closed
        if self._shown_at is None:
            return self._begun + self._rhythm.after - moment
        if len(self._text) >= self._rhythm.buffer_chars:
            return 0.0
        return min(self._shown_at + self._rhythm.buffer_seconds - moment, until_closed)

    async def _step(self) -> None:
        if self._withdrawn:
            self._withdrawn, self._shown_at = False, None
            self._silent = not await self._hide()
        elif time.monotonic() - self._begun >= self._rhythm.longest:
            self._over = True
            await self._close()
        elif self._room.locked():
            # Whoever delivers the answer waits for this task to end: it must hear of that while it waits, too.
            await self._news_within(FULL_SECONDS)
            return
        elif self._text:
            async with self._room:
                await self._show_text()
        if self._silent:
            self._text = ""

    async def _show_text(self) -> None:
        # Taken only now: a sentence that comes while Slack is asked waits for the next time.
        text, self._text = self._text, ""
        text = text if self._shown_at is None else f" {text}"
        self._shown_at = time.monotonic()
        self._silent = not await self._show(text)
        self._shown_at = time.monotonic()

    async def _news_within(self, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            waiting.cancel()
