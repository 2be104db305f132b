"""The signed door with the whole counter behind it, spoken to as a source does: over ASGI, without a network."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Message as Event

from connectors.notify.embedded import read_notes
from core.people import ChannelIdentity
from loket.attachments.bringing import BroughtFiles
from loket.bootstrap import build
from loket.counter import Counter
from loket.settings import Settings
from storage import Database
from tests.handbooks import embedder, prepare
from web_app.app import WebParts, build_app
from web_app.feed import Feed
from web_app.health import OpsParts
from web_app.keys import Keys
from web_app.posts import PostsChannel
from web_app.signing import sign

SOURCE, SECRET, OLD_SECRET = "local", "kq8Zt2vXw7-the-intranet-s-own-secret", "the-secret-that-was-there-before-123"
OTHER, OTHER_SECRET = "portal", "Zr5-another-source-with-its-own-secret"
KEYS = Keys({SOURCE: (SECRET.encode(), OLD_SECRET.encode()), OTHER: (OTHER_SECRET.encode(),)})
SECRETS = {SOURCE: SECRET, OTHER: OTHER_SECRET}


@dataclass
class DoorRoom:
    """Call the door and see what came of it. `accepting` false: it drains. `offset` moves its clock, in seconds."""

    counter: Counter
    channel: PostsChannel
    feed: Feed
    accepting: bool = True
    offset: float = 0.0
    good: bool = True
    app: Starlette = field(init=False)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        async def probe() -> bool:
            return self.good

        ops = OpsParts({"database": probe}, lambda: "loket_up 1\n", lambda: self.accepting)
        bringing = BroughtFiles(self.counter.database, self.counter.gate.parts.keys)
        parts = WebParts(
            self.counter.desk, self.counter.database, self.channel, self.feed, KEYS, 300, self.clock, ops, (), bringing
        )
        self.app = build_app(parts)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://desk")

    def clock(self) -> float:
        """The time at the door."""
        return time.time() + self.offset

    async def post(self, path: str, body: Mapping[str, Any] | bytes, source: str = SOURCE) -> httpx.Response:
        """A signed POST."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(path, content=content, headers=signed("POST", path, content, source))

    async def get(self, target: str, source: str = SOURCE) -> httpx.Response:
        """A signed GET."""
        return await self.http.get(target, headers=signed("GET", target, b"", source))

    async def said(self, source: str = SOURCE, after: int = 0) -> list[dict[str, Any]]:
        """What the source can read now."""
        answer = await self.get(f"/v1/replies?after={after}&wait=0", source)
        assert answer.status_code == 200, answer.text
        posts: list[dict[str, Any]] = answer.json()["posts"]
        return posts

    async def settle(self) -> None:
        """Wait until nothing is queued, running or due."""
        await asyncio.wait_for(self.counter.settle(), 60)

    async def draft(self, user: str, text: str, source: str = SOURCE, number: str = "1") -> dict[str, Any]:
        """Ask for something that changes something; the card of the draft."""
        answer = await self.post("/v1/events", event(f"wish-{number}", user, text), source)
        assert answer.status_code == 202, answer.text
        await self.settle()
        cards = [post["reply"]["card"] for post in await self.said(source) if post["reply"]["card"]]
        assert cards, "no draft came of it"
        found: dict[str, Any] = cards[-1]
        return found

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""
        with self.counter.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]

    def notes(self) -> list[str]:
        """What arrived on phones and in mailboxes."""
        return [note.text.get_secret_value() for note in read_notes(self.counter.world.notes)]


@asynccontextmanager
async def open_door(home: Path, database_url: str = "") -> AsyncIterator[DoorRoom]:
    """The counter at work with its door open; users of both sources are known by their employee number."""
    await prepare(home, (), database_url)
    gate = {"approvers_channel": "door", "approvers_tenant": SOURCE}
    settings = Settings(home=home, database_url=database_url, gate=gate, _env_file=None)  # type: ignore[arg-type,call-arg]
    database, feed = Database(settings.database), Feed()
    channel = PostsChannel(database, feed)
    counter = build(settings, database=database, embedder=embedder(), channels=[channel])
    counter.sweep.seconds = 3600
    for employee_id in ("E1001", "E1002", "E1003"):
        counter.world.map_identity(ChannelIdentity("door", OTHER, employee_id), employee_id)
    await counter.start()
    room = DoorRoom(counter, channel, feed)
    try:
        await room.settle()
        yield room
    finally:
        await room.http.aclose()
        await counter.stop()


def event(event_id: str, user: str, text: str, **more: Any) -> dict[str, Any]:
    """The body of an event, whole, in the user's direct room."""
    return {"id": event_id, "user": user, "room": user, "place": "direct", "text": text, "complete": True, **more}


def click(click_id: str, user: str, action_id: str, verb: str, **fields: str) -> dict[str, Any]:
    """The body of a click."""
    return {"id": click_id, "user": user, "room": user, "action_id": action_id, "verb": verb, "fields": fields}


def signed(
    method: str, target: str, body: bytes = b"", source: str = SOURCE, now: float | None = None
) -> dict[str, str]:
    """Headers with a good signature."""
    return dict(sign(source, SECRETS[source], method, target, body, now=now))


class Listening:
    """One open request to an ASGI application, whose answer is read as it comes."""

    def __init__(self, app: Starlette, target: str, headers: Mapping[str, str]) -> None:
        path, _, query = target.partition("?")
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "server": ("desk", 80),
            "client": ("test", 1),
            "root_path": "",
        }
        self._gone = asyncio.Event()
        self._asked = False
        self._text = ""
        self.status = 0
        self.task = asyncio.create_task(app(self._scope, self._receive, self._send))

    async def until(self, text: str, seconds: float = 5.0) -> str:
        """All that came, once `text` is in it."""
        async with asyncio.timeout(seconds):
            while text not in self._text:
                assert not self.task.done() or text in self._text, f"it ended with {self._text!r}"
                await asyncio.sleep(0.01)
        return self._text

    async def leave(self) -> None:
        """Close the connection, as a browser does."""
        self._gone.set()
        await asyncio.wait_for(self.task, 5)

    async def _receive(self) -> Event:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: Event) -> None:
        if self._gone.is_set():
            raise OSError("the reader is gone")
        if event["type"] == "http.response.start":
            self.status = event["status"]
        else:
            self._text += event["body"].decode()
