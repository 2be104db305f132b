"""A room to try the simulated Slack in: an app that writes down what it hears, and a bare caller of the Web API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from simulators.slack import SlackSimulator

Json = dict[str, Any]


@dataclass
class Listener:
    """An app that takes everything in; `answer` may say otherwise: a status, headers and a body."""

    url: str = ""
    heard: list[Json] = field(default_factory=list)
    headers: list[Json] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answer: Callable[[Json], web.Response] = lambda body: web.Response()

    async def take(self, request: web.Request) -> web.Response:
        """One delivery."""
        content = await request.read()
        self.raw.append(content)
        self.headers.append(dict(request.headers))
        if request.content_type == "application/x-www-form-urlencoded":
            content = parse_qs(content.decode())["payload"][0].encode()
        self.heard.append(json.loads(content))
        return self.answer(self.heard[-1])

    @property
    def events(self) -> list[Json]:
        """The events inside what was heard."""
        return [body["event"] for body in self.heard if body["type"] == "event_callback"]


@asynccontextmanager
async def listening(slack: SlackSimulator) -> AsyncIterator[Listener]:
    """An app to which Slack delivers."""
    listener = Listener()
    application = web.Application()
    application.router.add_post("/slack/events", listener.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.deliver_to(listener.url)
    try:
        yield listener
    finally:
        await runner.cleanup()


async def call(slack: SlackSimulator, method: str, *, token: str | None = None, **args: Any) -> Json:
    """One call with JSON: the body of the answer. The default workspace's bot token, unless another is given."""
    bearer = slack.bot_token() if token is None else token
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.api_url}{method}", json=args, headers=headers) as answer,
    ):
        body: Json = await answer.json()
        body["_status"], body["_retry_after"] = answer.status, answer.headers.get("Retry-After")
        return body


async def refusal(slack: SlackSimulator, method: str, **args: Any) -> str:
    """The error of a call that is to be refused."""
    body = await call(slack, method, **args)
    assert body["ok"] is False
    return str(body["error"])
