"""Socket Mode: the connection that the app opens, and what is sent and acknowledged over it."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from aiohttp import WSMsgType, web

from simulators.slack.api.ask import Ask
from simulators.slack.records import Delivery
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]

CONNECTIONS = 10
"""Connections that one app may hold at a time."""


class SocketMode:
    """The open connections of the app, and what is not yet acknowledged."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0

    @property
    def connected(self) -> bool:
        """Whether the app holds a connection."""
        return bool(self._sockets)

    @property
    def connections(self) -> int:
        """How many connections the app holds."""
        return len(self._sockets)

    def open(self, world: World, ask: Ask) -> Json:
        """`apps.connections.open`: an address that works once."""
        if not world.manifest.socket_mode:
            raise SlackRefusal("socket_mode_not_enabled")
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return {
            "ok": True,
            "url": f"{world.address.replace('http', 'ws', 1)}link?ticket={ticket}&app_id={world.app_id}",
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self._sockets) >= CONNECTIONS:
            raise web.HTTPForbidden
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        await socket.send_json(self._hello())
        self._sockets.append(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.data)
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
        return socket

    async def send(self, delivery: Delivery, again: Json | None, patience: float) -> Json | None:
        """Send one envelope and wait for its acknowledgement: the payload in it. Raises `TimeoutError`."""
        envelope = secrets.token_hex(12)
        event = delivery.kind == "event"
        content: Json = {
            "envelope_id": envelope,
            "type": "events_api" if event else "interactive",
            "payload": delivery.body,
            "accepts_response_payload": not event,
        }
        if event:
            content |= {"retry_attempt": again["num"] if again else 0, "retry_reason": again["reason"] if again else ""}
        acknowledged = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience):
                await self._pick().send_json(content)
                return (await acknowledged).get("payload") or None
        except ConnectionError:
            raise TimeoutError from None
        finally:
            del self._waiting[envelope]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every connection that it ends, and end it: `warning`, `refresh_requested`, `link_disabled`."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "simulator"}})
            if reason != "warning":
                self._sockets.remove(socket)
                await socket.close()

    async def drop(self) -> None:
        """End every connection without a word."""
        for socket in list(self._sockets):
            self._sockets.remove(socket)
            await socket.close(code=1011)

    def _pick(self) -> web.WebSocketResponse:
        if not self._sockets:
            raise TimeoutError
        self._turn += 1
        return self._sockets[self._turn % len(self._sockets)]

    def _heard(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.get(said.get("envelope_id", "")) if isinstance(said, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(said)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._sockets) + 1,
            "connection_info": {"app_id": self._world.app_id},
            "debug_info": {"host": "simulator", "started": "", "build_number": 1, "approximate_connection_time": 18060},
        }
