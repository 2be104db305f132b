"""What stands before the door: delivers until it is acknowledged, some things twice, and reads what is posted."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.arrangement import Arrangement
from tests.faults.templates import SECRET, SOURCE
from web_app.signing import sign

TRY_SECONDS = 4.0
AGAIN_SECONDS = 0.15


@dataclass
class Channel:
    """`delivered`: what was tried; `acknowledged`: what the door said yes to; `posts`: what it gave out, by number."""

    arrangement: Arrangement
    http: httpx.AsyncClient
    delivered: set[str] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)
    decisions: list[tuple[str, str, str, bool]] = field(default_factory=list)
    slowest: float = 0.0
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    over: bool = False
    _turn: Iterable[int] = field(default_factory=itertools.count)

    async def event(self, event_id: str, user: str, text: str) -> None:
        """Deliver until somebody acknowledges it."""
        body = {"id": event_id, "user": user, "room": user, "place": "direct", "text": text, "complete": True}
        began = time.monotonic()
        self.delivered.add(event_id)
        while not self.over:
            status, _ = await self._try("POST", "/v1/events", body)
            if status == 202:
                self.acknowledged.append(event_id)
                self.slowest = max(self.slowest, time.monotonic() - began)
                return
            assert status in (0, 401) or status >= 500, f"the door said {status} to an event"
            await asyncio.sleep(AGAIN_SECONDS)

    async def click(self, click_id: str, user: str, action_id: str, verb: str, **fields: str) -> bool | None:
        """Deliver a click, three times if need be; whether it was accepted, None when nobody said."""
        body = {"id": click_id, "user": user, "room": user, "action_id": action_id, "verb": verb, "fields": fields}
        for _ in range(3):
            status, answer = await self._try("POST", "/v1/clicks", body)
            if status == 200:
                self.decisions.append((user, action_id, verb, bool(answer["accepted"])))
                return bool(answer["accepted"])
            if status == 409:
                return None
            await asyncio.sleep(AGAIN_SECONDS)
        return None

    async def read(self) -> None:
        """Read what is posted, for as long as this channel is open."""
        while not self.over:
            after = max(self.posts, default=0)
            status, answer = await self._try("GET", f"/v1/replies?after={after}&wait=0", None)
            if status == 200:
                self.posts |= {post["post_id"]: post for post in answer["posts"]}
            await asyncio.sleep(AGAIN_SECONDS)

    async def supervise(self) -> None:
        """Look after the processes meanwhile."""
        while not self.over:
            self.arrangement.tick()
            await asyncio.sleep(0.1)

    async def until(self, found: Callable[[], Any], seconds: float) -> Any:
        """Wait for something true and return it; None when it does not come in time."""
        end = time.monotonic() + seconds
        while not (result := found()):
            if self.over or time.monotonic() > end:
                return None
            await asyncio.sleep(0.05)
        return result

    def card(self, action_id: str, room: str) -> dict[str, Any]:
        """An action's card as it lies in a room now."""
        cards = [post["reply"]["card"] for post in self._in_order() if post["room"] == room and post["reply"]["card"]]
        return next((card for card in reversed(cards) if card["action_id"] == action_id), {})

    def answer(self, event_id: str) -> dict[str, Any] | None:
        """The reply that ends the turn of an event."""
        found = (post["reply"] for post in self._in_order() if post["event"] == event_id)
        return next((reply for reply in found if reply["outcome"]), None)

    def _in_order(self) -> list[dict[str, Any]]:
        return [self.posts[number] for number in sorted(self.posts)]

    async def _try(self, method: str, target: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        """One try at the next process; status 0 when there was no answer."""
        open_now = [worker.address for worker in self.arrangement.workers if worker.address and worker.code is None]
        if not open_now:
            return 0, None
        address = open_now[next(iter(self._turn)) % len(open_now)]
        raw = json.dumps(body).encode() if body is not None else b""
        headers = {**sign(SOURCE, SECRET, method, target, raw), "Content-Type": "application/json"}
        try:
            answer = await self.http.request(method, address + target, content=raw, headers=headers)
            return answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError):
            return 0, None


def open_http() -> httpx.AsyncClient:
    """Impatient, as a channel is: a process that stands still is given up soon."""
    return httpx.AsyncClient(timeout=httpx.Timeout(TRY_SECONDS, connect=1.0))
