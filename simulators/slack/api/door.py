"""The HTTP side of the Web API: reads a call, checks who calls and how often, answers as Slack does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from simulators.slack.api.ask import Ask
from simulators.slack.faults import Fault, Faults
from simulators.slack.pacing import Pacing
from simulators.slack.records import Call, Token
from simulators.slack.refusal import SlackRefusal
from simulators.slack.scopes import NEEDS, Need
from simulators.slack.world import World

Json = dict[str, Any]
Handler = Callable[[World, Ask], Json]


class Door:
    """Answers `POST /api/{method}`."""

    def __init__(self, world: World, pacing: Pacing, faults: Faults, methods: Mapping[str, Handler]) -> None:
        self._world = world
        self._pacing = pacing
        self._faults = faults
        self._methods = methods

    async def serve(self, request: web.Request) -> web.Response:
        """One call."""
        method = request.match_info["method"]
        try:
            args = await _arguments(request)
        except SlackRefusal as refusal:
            return self._answer(method, {}, "", refusal.body())
        secret = _bearer(request) or str(args.pop("token", ""))
        if delay := self._faults.delay(method):
            await asyncio.sleep(delay)
        fault = self._faults.take(method)
        if fault is not None and not fault.after:
            return self._troubled(method, args, secret, fault)
        answer = self._handle(method, args, secret)
        if fault is not None:
            await asyncio.sleep(3600)
        return answer

    def _handle(self, method: str, args: Json, secret: str) -> web.Response:
        token, team = self._world.tokens.get(secret), ""
        try:
            team = self._world.team_of(token, args) if token else ""
            need = NEEDS.get(method)
            if need is None or method not in self._methods:
                raise SlackRefusal("unknown_method", req_method=method)
            ask = Ask(method, args, self._admit(need, secret, token), team)
            ask.must_hold(*need.scopes)
            if wait := self._pace(ask, need):
                return self._answer(method, args, team, {"ok": False, "error": "ratelimited"}, 429, wait)
            body = self._methods[method](self._world, ask)
        except SlackRefusal as refusal:
            body = refusal.body()
        return self._answer(method, args, team, body)

    def _pace(self, ask: Ask, need: Need) -> int:
        if wait := self._pacing.wait(ask.method, ask.team, need.per_minute):
            return wait
        channel = ask.args.get("channel")
        if ask.method == "chat.postMessage" and isinstance(channel, str):
            return self._pacing.wait_in_room(channel)
        return 0

    def _admit(self, need: Need, secret: str, token: Token | None) -> Token | None:
        if need.bearer == "none":
            return token
        if not secret:
            raise SlackRefusal("not_authed")
        if need.bearer == "config" and secret.startswith("xoxe.xoxp-"):
            return None
        if token is None:
            raise SlackRefusal("invalid_auth")
        if token.kind != need.bearer:
            raise SlackRefusal("not_allowed_token_type")
        return self._valid(token)

    def _valid(self, token: Token) -> Token:
        if token.kind == "bot" and not token.organisation and not self._world.workspaces[token.team].installed:
            raise SlackRefusal("account_inactive")
        if token.revoked:
            raise SlackRefusal("token_revoked")
        if token.expires_at is not None and token.expires_at <= self._world.clock.now():
            raise SlackRefusal("token_expired")
        return token

    def _troubled(self, method: str, args: Json, secret: str, fault: Fault) -> web.Response:
        team = self._world.tokens[secret].team if secret in self._world.tokens else ""
        error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
        wait = fault.retry_after if fault.status == 429 else 0
        return self._answer(method, args, team, {"ok": False, "error": error}, fault.status, wait)

    def _answer(
        self, method: str, args: Json, team: str, body: Json, status: int = 200, retry_after: int = 0
    ) -> web.Response:
        now, error = self._world.clock.now(), str(body.get("error", ""))
        self._world.calls.append(Call(method, args, team, now, status, bool(body["ok"]), error))
        headers = {"Retry-After": str(retry_after)} if status == 429 else None
        content = json.dumps(body).encode()
        return web.Response(body=content, status=status, headers=headers, content_type="application/json")


def _bearer(request: web.Request) -> str:
    header = request.headers.get("Authorization", "")
    return header[7:].strip() if header.startswith("Bearer ") else ""


async def _arguments(request: web.Request) -> Json:
    args: Json = dict(request.query)
    if request.method == "GET":
        return args
    if request.content_type == "application/json":
        try:
            sent = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackRefusal("invalid_json") from None
        if not isinstance(sent, dict):
            raise SlackRefusal("json_not_object")
        return {**args, **sent}
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream"):
        return {**args, **await request.post(), **_credentials(request)}
    raise SlackRefusal("invalid_post_type")


def _credentials(request: web.Request) -> Json:
    """`oauth.v2.access` takes the client's id and secret as HTTP Basic too."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise SlackRefusal("invalid_client_id") from None
    return {"client_id": client_id, "client_secret": client_secret}
