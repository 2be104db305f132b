"""`oauth.v2.access` and the page where an admin says yes: installing, and trading an old token for a new one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from simulators.slack.api.ask import Ask
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]

CODE_SECONDS = 600.0
TOKEN_SECONDS = 43_200.0


@dataclass(slots=True)
class _Code:
    place: str
    redirect_uri: str
    scopes: frozenset[str]
    until: float
    used: bool = False


class Installing:
    """The admin's side of OAuth. `into`: the workspace or organisation that the next admin installs the app in."""

    def __init__(self, world: World) -> None:
        self.into = "TDHB"
        self.declined = False
        self._world = world
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, str] = {}

    async def page(self, request: web.Request) -> web.Response:
        """`/oauth/v2/authorize`: sends the browser back with a code, or with `access_denied`."""
        query = request.query
        redirect = query.get("redirect_uri", next(iter(self._world.manifest.redirect_urls), ""))
        allowed = self._world.manifest.redirect_urls
        scopes = frozenset(filter(None, query.get("scope", "").split(",")))
        if query.get("client_id") != self._world.client_id:
            return web.Response(status=400, text="invalid_client_id")
        if not redirect or (allowed and not redirect.startswith(allowed)):
            return web.Response(status=400, text="bad_redirect_uri")
        if not scopes or not scopes <= self._world.manifest.scopes:
            return web.Response(status=400, text="invalid_scope")
        said = {"error": "access_denied"} if self.declined else {"code": self.code(redirect, scopes)}
        back = urlencode({**said, "state": query.get("state", "")})
        return web.Response(status=302, headers={"Location": f"{redirect}{'&' if '?' in redirect else '?'}{back}"})

    def code(self, redirect_uri: str = "", scopes: frozenset[str] | None = None) -> str:
        """A code as the admin's browser brings it to the app; ten minutes, once."""
        code = f"{secrets.token_hex(8)}.{secrets.token_hex(8)}"
        until = self._world.clock.now() + CODE_SECONDS
        self._codes[code] = _Code(self.into, redirect_uri, scopes or self._world.manifest.scopes, until)
        return code

    def access(self, world: World, ask: Ask) -> Json:
        """`oauth.v2.access`: a code, or a refresh token, for a token."""
        if ask.text("client_id") != world.client_id:
            raise SlackRefusal("invalid_client_id")
        if ask.text("client_secret", "bad_client_secret") != world.client_secret:
            raise SlackRefusal("bad_client_secret")
        if ask.maybe("grant_type") == "refresh_token":
            return self._traded(ask)
        code = self._codes.get(ask.text("code", "invalid_code"))
        if code is None or code.until < world.clock.now():
            raise SlackRefusal("invalid_code")
        if code.used:
            raise SlackRefusal("code_already_used")
        if code.redirect_uri and ask.maybe("redirect_uri") not in ("", code.redirect_uri):
            raise SlackRefusal("bad_redirect_uri")
        code.used = True
        world.install(code.place)
        return self._answer(code.place, code.scopes)

    def _traded(self, ask: Ask) -> Json:
        place = self._refresh.pop(ask.text("refresh_token", "invalid_refresh_token"), None)
        if place is None:
            raise SlackRefusal("invalid_refresh_token")
        return self._answer(place, self._world.manifest.scopes)

    def _answer(self, given: str, scopes: frozenset[str]) -> Json:
        world, organisation = self._world, given not in self._world.workspaces
        place = world.workspaces_of(given)[0]
        token = world.give_token(given, TOKEN_SECONDS if world.manifest.rotation else None)
        token.scopes = scopes
        if not organisation:
            place.token = token.value
        body: Json = {
            "ok": True,
            "app_id": world.app_id,
            "authed_user": {"id": "UADMIN"},
            "scope": ",".join(sorted(scopes)),
            "token_type": "bot",
            "access_token": token.value,
            "bot_user_id": place.bot_user,
            "team": None if organisation else {"id": place.team, "name": place.domain},
            "enterprise": {"id": place.enterprise, "name": place.enterprise.lower()} if place.enterprise else None,
            "is_enterprise_install": organisation,
        }
        if world.manifest.rotation:
            refresh = f"xoxe-1-{secrets.token_hex(16)}"
            self._refresh[refresh] = given
            body |= {"refresh_token": refresh, "expires_in": int(TOKEN_SECONDS)}
        return body
