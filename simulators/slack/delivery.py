"""How events and interactions reach the app: by signed HTTP POST with Slack's retries, or over Socket Mode."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from simulators.slack.records import Delivery
from simulators.slack.socket_mode import SocketMode
from simulators.slack.world import World

Json = dict[str, Any]

RETRIES = (0.0, 60.0, 300.0)
"""Seconds before the second, third and fourth try of an event."""

PATIENCE = 3.0
"""Seconds that Slack waits for an answer."""


class Courier:
    """Brings events (again, when they are not taken in) and interactions (once)."""

    def __init__(self, world: World, socket: SocketMode) -> None:
        self.url = ""
        self.interactivity_url = ""
        self.retries = RETRIES
        self.patience = PATIENCE
        self._world = world
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    @property
    def reaches(self) -> bool:
        """Whether there is anybody to bring it to."""
        return bool(self.url) or self._socket.connected

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()

    async def bring_event(self, delivery: Delivery) -> Delivery:
        """Bring an event until it is taken in, at most four times. `seconds` is that of the last try."""
        if not self.reaches:
            return delivery
        reason = ""
        for number, pause in enumerate((0.0, *self.retries)):
            await self._world.clock.sleep(pause)
            again = {"num": number, "reason": reason} if number else None
            reason, stop = await self._try(delivery, again)
            if delivery.acknowledged or stop:
                break
        return delivery

    async def bring_interaction(self, delivery: Delivery) -> Delivery:
        """Bring an interaction, once."""
        if self.reaches:
            await self._try(delivery, None)
        return delivery

    async def _try(self, delivery: Delivery, again: Json | None) -> tuple[str, bool]:
        """One try: why it failed, in Slack's words, and whether the app asked for no more."""
        delivery.tries += 1
        began = time.perf_counter()
        try:
            if self.url:
                return await self._post(delivery, again)
            delivery.answer = await self._socket.send(delivery, again, self.patience)
            delivery.status = 200
            return "", False
        except TimeoutError:
            delivery.status = 0
            return "http_timeout" if self.url else "timeout", False
        except aiohttp.ClientError:
            delivery.status = 0
            return "connection_failed", False
        finally:
            delivery.seconds = time.perf_counter() - began

    async def _post(self, delivery: Delivery, again: Json | None) -> tuple[str, bool]:
        event = delivery.kind == "event"
        body = json.dumps(delivery.body).encode()
        headers = {"Content-Type": "application/json"}
        if not event:
            body = urlencode({"payload": body.decode()}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if again:
            headers |= {"X-Slack-Retry-Num": str(again["num"]), "X-Slack-Retry-Reason": again["reason"]}
        url = self.url if event else self.interactivity_url or self.url
        status, answered, content = await self.post_raw(url, body, {**headers, **self.sign(body)})
        delivery.status = status
        if content and 200 <= status < 300 and "json" in answered.get("Content-Type", ""):
            delivery.answer = json.loads(content)
        return "http_error", answered.get("X-Slack-No-Retry") == "1"

    def sign(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The headers by which the app knows that a body comes from Slack; `at` in seconds since 1970."""
        stamp = str(int(self._world.clock.now() if at is None else at))
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._world.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def post_raw(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """A body as it is: status, headers and body of the answer. Raises `TimeoutError` after three seconds."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                headers={"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"},
            )
        async with asyncio.timeout(self.patience), self._session.post(url, data=body, headers=headers) as answer:
            return answer.status, dict(answer.headers), await answer.read()
