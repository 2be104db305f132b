"""What a source reads: its posts, by asking again and again (long poll) or as one stream (server-sent events)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from core.encoding import encode
from core.errors import ConnectorError
from web_app.door import Door, Signed
from web_app.feed import Feed, Preview, Reader, TooManyReaders
from web_app.forms import CHANNEL
from web_app.posts import Post, PostsChannel
from web_app.responses import Failed, JsonResponse

LOOK_SECONDS = 0.5
"""How often somebody who waits looks into the table: a post of another process wakes nobody here."""
APART_SECONDS = 0.05
"""How far apart two looks are at least, however many posts come: those of the meantime are read together."""
MOST_POSTS = 100
LONGEST_WAIT = 30
DEFAULT_WAIT = 25
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 900.0
"""After this a stream ends and its reader signs anew: a key that was taken away reads no longer than that."""
_NUMBER = re.compile(r"[0-9]{1,18}")


class Outgoing:
    """The handlers. While the process drains they answer with what is there, and end."""

    def __init__(self, channel: PostsChannel, feed: Feed, accepting: Callable[[], bool]) -> None:
        self._channel = channel
        self._feed = feed
        self._accepting = accepting

    def routes(self, door: Door) -> Sequence[Route]:
        """Where they are."""
        return [door.route("GET", "/v1/replies", self.replies), door.route("GET", "/v1/stream", self.stream)]

    async def replies(self, request: Signed) -> Response:
        """The posts after number `after`, waiting up to `wait` seconds for the first. `next` is the next `after`."""
        asked = _asked(request.query, {"after": 0, "wait": DEFAULT_WAIT})
        deadline = _time() + min(asked["wait"], LONGEST_WAIT)
        try:
            with self._feed.reader(request.source) as reader:
                posts = await self._channel.after(request.source, asked["after"], MOST_POSTS)
                while not posts and self._accepting() and (left := deadline - _time()) > 0:
                    await reader.wait(min(left, LOOK_SECONDS))
                    posts = await self._channel.after(request.source, asked["after"], MOST_POSTS)
        except TooManyReaders:
            raise Failed(429) from None
        following = posts[-1].post_id if posts else asked["after"]
        return JsonResponse({"posts": [encode(post) for post in posts], "next": following})

    async def stream(self, request: Signed) -> Response:
        """The posts after number `after` as they come, and answers while they are written."""
        after = _asked(request.query, {"after": 0})["after"]
        if self._feed.is_full(request.source):
            raise Failed(429)
        return EventStream(self._lines(request.source, after), media_type="text/event-stream")

    async def _lines(self, source: str, after: int) -> AsyncGenerator[str, None]:
        end, spoke, looked = _time() + STREAM_SECONDS, _time(), 0.0
        yield _comment("hello")
        with self._feed.reader(source) as reader:
            while _time() < end:
                said = [_preview(preview) for preview in reader.take()]
                posts: list[Post] = []
                if _time() - looked >= _until_look(reader):  # a preview alone costs no look
                    reader.looks()
                    posts, looked = await self._channel.after(source, after, MOST_POSTS), _time()
                    said += [_event("post", encode(post), post.post_id) for post in posts]
                    after = posts[-1].post_id if posts else after
                if not said and _time() - spoke > HEARTBEAT_SECONDS:
                    said = [_comment("still here")]
                if said:
                    yield "".join(said)
                    spoke = _time()
                if not self._accepting():
                    return
                if len(posts) < MOST_POSTS:
                    await reader.wait(max(0.0, looked + _until_look(reader) - _time()))
                else:
                    looked = 0.0


def _until_look(reader: Reader) -> float:
    """How many seconds after a look the next one is due."""
    return APART_SECONDS if reader.is_posted else LOOK_SECONDS


class EventStream(StreamingResponse):
    """Server-sent events that end when they should, whatever the reader does, and leave nothing behind."""

    async def stream_response(self, send: Send) -> None:
        """See `StreamingResponse`."""
        lines = self.body_iterator
        try:
            # A reader that takes nothing in holds `send` up for ever.
            async with asyncio.timeout(STREAM_SECONDS + HEARTBEAT_SECONDS):
                await super().stream_response(send)
        except (ConnectorError, TooManyReaders, TimeoutError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if isinstance(lines, AsyncGenerator):
                await lines.aclose()


def _asked(query: bytes, defaults: Mapping[str, int]) -> dict[str, int]:
    """The numbers that were asked for. Raises `Failed` (400) for anything else, or twice."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), max_num_fields=5)
    except ValueError:
        raise Failed(400) from None
    given = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= defaults.keys():
        raise Failed(400)
    if not all(_NUMBER.fullmatch(value) for value in given.values()):
        raise Failed(400)
    return {**defaults, **{name: int(value) for name, value in given.items()}}


def _preview(preview: Preview) -> str:
    message = preview.message
    about = {
        "event": message.event_id.removeprefix(f"{CHANNEL}:{message.address.tenant}:"),
        "room": message.address.room,
        "thread": message.address.thread,
        "user": message.address.user,
    }
    return _event(preview.kind, {**about, "text": preview.text} if preview.text else about)


def _event(kind: str, data: Mapping[str, Any], number: int | None = None) -> str:
    # JSON escapes line ends: a text cannot begin an event of its own.
    number_line = "" if number is None else f"id: {number}\n"
    return f"event: {kind}\n{number_line}data: {json.dumps(data)}\n\n"


def _comment(text: str) -> str:
    return f": {text}\n\n"


def _time() -> float:
    return asyncio.get_running_loop().time()
