"""Short-lived news between processes, over Postgres LISTEN and NOTIFY: lost news costs a moment, never a fact.

Nothing is stored. What is at most 8,000 bytes long can be told (PostgreSQL 15, NOTIFY: "less than 8000 bytes").
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    import psycopg

MAX_BYTES = 7_900
AGAIN_SECONDS = 1.0
WAITING = 1_000
"""News that wait to be told; what comes on top is dropped."""

Heard = Callable[[str], Awaitable[None]]
log = structlog.get_logger("loket.bus")


class Bus(Protocol):
    """Tells the other processes something that just happened."""

    def tell(self, topic: str, text: str = "") -> None:
        """Say it to all who listen, soon. Returns at once; may be called from any thread."""


class Silence:
    """The bus of a process that is alone."""

    def tell(self, topic: str, text: str = "") -> None:
        """Nobody listens."""


class PostgresBus:
    """One connection to tell and one to listen; both come back by themselves after the database was away.

    `heard` gives what to do with the news of each topic; topics nobody here listens to cost nothing.
    """

    def __init__(self, url: str, heard: Mapping[str, Heard]) -> None:
        self._url = url.replace("+psycopg", "", 1)
        self._heard = dict(heard)
        self._news: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def hear(self, topic: str, heard: Heard) -> None:
        """Listen to one more topic; before `start`."""
        self._heard[topic] = heard

    async def start(self) -> None:
        """Connect, and go on connecting."""
        self._loop = asyncio.get_running_loop()
        works = [self._tell_all, *([self._listen] if self._heard else [])]
        self._tasks = [self._loop.create_task(self._lasting(work)) for work in works]

    async def stop(self) -> None:
        """Close both connections. What was not told yet is not told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._loop = None

    def tell(self, topic: str, text: str = "") -> None:
        """See `Bus.tell`. Too long, or too much at once: not told."""
        if self._loop is not None and not self._loop.is_closed() and len(text.encode()) <= MAX_BYTES:
            self._loop.call_soon_threadsafe(self._put, topic, text)

    def _put(self, topic: str, text: str) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._news.put_nowait((topic, text))

    async def _lasting(self, work: Callable[[psycopg.AsyncConnection], Awaitable[None]]) -> None:
        import psycopg

        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=10, application_name="loket-bus"
                ) as connection:
                    await work(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("bus_interrupted", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _tell_all(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            told = {await self._news.get(): None}
            while not self._news.empty():
                told[self._news.get_nowait()] = None  # the same news twice is told once
            topics = [topic for topic, _ in told]
            texts = [text for _, text in told]
            await connection.execute(
                "SELECT pg_notify('loket_' || topic, text) FROM unnest(%s::text[], %s::text[]) AS news(topic, text)",
                (topics, texts),
            )

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        for topic in self._heard:
            await connection.execute(f'LISTEN "loket_{topic}"'.encode())
        async for news in connection.notifies():
            topic = news.channel.removeprefix("loket_")
            try:
                await self._heard[topic](news.payload)
            except Exception as error:  # noqa: BLE001 - one listener's bug must not end all news
                log.error("news_not_understood", kind=topic, error=type(error).__name__)
            await asyncio.sleep(0)  # much news at once must not keep everything else waiting
