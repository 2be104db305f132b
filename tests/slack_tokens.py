"""The side of Slack that gives tokens: OAuth, rotation, revoking, whose a token is; over real HTTP, with trouble.

Not the simulator of `simulators/slack`: this one can also answer what Slack never should.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
CLIENT_ID, CLIENT_SECRET = "1111.2222", "client-secret-3b9f27c1"


@dataclass
class Grant:
    """What one workspace or organisation gives when it installs the app."""

    team: str = "T0DHB"
    enterprise: str = ""
    org_wide: bool = False
    name: str = "Drechtse Havenbedrijven"
    user: str = "U0ADMIN"
    scopes: str = ""
    lasts: int = 0
    """Seconds that a token works; 0: for ever, without rotation."""
    fixed: str = ""
    """The token, where Slack gives the same one at each install."""


@dataclass
class TokenSide:
    """Started with `token_side()`. `troubles` are answers instead of the usual ones, by method; used up in order."""

    address: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    alive: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    teams: dict[str, list[str]] = field(default_factory=dict)
    rooms: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, list[Json | int]] = field(default_factory=dict)
    calls: list[tuple[str, Json, str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Where set, refreshes wait for it before they answer."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a refresh waits there."""
    socket_url: str = "wss://example.invalid/link"
    redirects: dict[str, str] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def api_url(self) -> str:
        """Where the Web API is."""
        return f"{self.address}/api/"

    @property
    def authorize_url(self) -> str:
        """Where an admin is sent."""
        return f"{self.address}/oauth/v2/authorize"

    def asked(self, method: str) -> list[Json]:
        """The arguments of the calls of a method."""
        return [args for name, args, _ in self.calls if name == method]

    def code(self, grant: Grant) -> str:
        """What an admin who agreed comes back with."""
        code = f"code-{next(self._numbers)}"
        self.grants[code] = grant
        return code

    def give(self, grant: Grant) -> Json:
        """Fresh tokens of a grant, as `oauth.v2.access` gives them."""
        number = next(self._numbers)
        rotates = grant.lasts > 0
        token = grant.fixed or f"{'xoxe.' if rotates else ''}xoxb-{grant.team}-secret{number:04d}"
        self.alive[token] = grant
        self.given.append(token)
        team = None if grant.org_wide else {"id": grant.team, "name": grant.name}
        body: Json = {
            "ok": True,
            "app_id": "A0LOKET",
            "authed_user": {"id": grant.user},
            "scope": grant.scopes,
            "token_type": "bot",
            "access_token": token,
            "bot_user_id": "U0BOT",
            "team": team,
            "enterprise": {"id": grant.enterprise, "name": grant.name} if grant.enterprise else None,
            "is_enterprise_install": grant.org_wide,
        }
        if rotates:
            refresh = f"xoxe-1-refresh{number:04d}"
            self.refreshes[refresh] = grant
            self.given.append(refresh)
            body |= {"refresh_token": refresh, "expires_in": grant.lasts}
        return body

    async def serve(self, request: web.Request) -> web.Response:
        """One call of the Web API."""
        method = request.match_info["method"]
        sent = await request.json() if request.content_type == "application/json" else await request.post()
        args: Json = {**request.query, **sent}
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
        self.calls.append((method, dict(args), token))
        if method == "oauth.v2.access" and self.gate is not None and args.get("grant_type") == "refresh_token":
            self.reached.set()
            await self.gate.wait()
        waiting = self.troubles.get(method)
        if waiting:
            trouble = waiting.pop(0)
            if isinstance(trouble, int):
                return web.Response(status=trouble, text="<html>oops</html>", content_type="text/html")
            return web.json_response(trouble)
        if header.startswith("Basic "):
            login, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            args |= {"client_id": login, "client_secret": password}
        return web.json_response(self._answer(method, args, token), headers=self.headers)

    def _answer(self, method: str, args: Mapping[str, Any], token: str) -> Json:
        if method == "oauth.v2.access":
            return self._access(args)
        if method == "apps.connections.open":
            good = token.startswith("xapp-")
            return {"ok": True, "url": self.socket_url} if good else {"ok": False, "error": "invalid_auth"}
        if token not in self.alive:
            return {"ok": False, "error": "invalid_auth"}
        grant = self.alive[token]
        match method:
            case "auth.revoke":
                del self.alive[token]
                return {"ok": True, "revoked": True}
            case "auth.test":
                where = {"team_id": grant.team, "enterprise_id": grant.enterprise or None, "url": f"{self.address}/"}
                return {"ok": True, **where, "user_id": "U0BOT", "is_enterprise_install": grant.org_wide}
            case "auth.teams.list":
                return self._teams(grant, str(args.get("cursor") or ""))
            case "conversations.info":
                found = self.rooms.get(str(args.get("channel")))
                return {"ok": True, "channel": found} if found else {"ok": False, "error": "channel_not_found"}
        return {"ok": True}

    def _access(self, args: Mapping[str, Any]) -> Json:
        if (args.get("client_id"), args.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"ok": False, "error": "bad_client_secret"}
        if args.get("grant_type") == "refresh_token":
            grant = self.refreshes.pop(str(args.get("refresh_token")), None)
            return self.give(grant) if grant else {"ok": False, "error": "invalid_refresh_token"}
        grant = self.grants.pop(str(args.get("code")), None)
        return self.give(grant) if grant else {"ok": False, "error": "invalid_code"}

    def _teams(self, grant: Grant, cursor: str) -> Json:
        every = self.teams.get(grant.enterprise, [])
        start = int(cursor or 0)
        more = str(start + 2) if start + 2 < len(every) else ""
        listed = [{"id": team, "name": team} for team in every[start : start + 2]]
        return {"ok": True, "teams": listed, "response_metadata": {"next_cursor": more}}

    async def file(self, request: web.Request) -> web.Response:
        """A file, or the way to another host."""
        name = request.match_info["name"]
        if name in self.redirects:
            raise web.HTTPFound(self.redirects[name])
        return web.Response(body=b"contents", content_type="application/octet-stream")

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """A connection of Socket Mode that says hello."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello"})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
        return socket


@asynccontextmanager
async def token_side(certificate: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[TokenSide]:
    """Slack's token side on this machine; with a certificate as `https://host:port`."""
    side = TokenSide()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", side.serve)
    application.router.add_get("/files-pri/{place}/{name}", side.file)
    application.router.add_get("/link", side.link)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate).start()
    side.address = f"{'https' if certificate else 'http'}://{host}:{runner.addresses[0][1]}"
    try:
        yield side
    finally:
        await runner.cleanup()
