"""Slack's token endpoint: a code for an installation, an old token for a new one, and an end to one we refuse."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from core.errors import ConnectorError
from core.plain_text import one_line
from slack_app.installing.answers import answer
from slack_app.installing.store import Installed, Tokens
from slack_app.installing.wire import Wire
from slack_app.settings import SlackSettings

_TENANT = re.compile(r"[TE][A-Z0-9-]{2,29}")
_USER = re.compile(r"[UW][A-Z0-9]{2,29}")
_SCOPE = re.compile(r"[a-z_.:-]{1,60}")
LONGEST_LIFE = 400 * 86_400


class TokenEndpoint:
    """`oauth.v2.access` and `auth.revoke`, at the host of `api_url`. Every method raises `ConnectorError`."""

    def __init__(self, settings: SlackSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def redeem(self, code: str, redirect_uri: str) -> tuple[Installed, Tokens]:
        """What the code of an install stands for."""
        data = await self._access({"code": code, "redirect_uri": redirect_uri})
        tokens = _tokens(data)
        try:
            return _installed(data), tokens
        except ConnectorError:
            await self.revoke(tokens)
            raise

    async def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens for the refresh token, which thereby is used up."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh.get_secret_value()}
        return _tokens(await self._access(form))

    async def _access(self, form: dict[str, str]) -> Mapping[str, Any]:
        # Not the SDK's `oauth_v2_access`: it makes the header with what aiohttp is about to remove.
        known = f"{self._settings.client_id}:{self._settings.client_secret.get_secret_value()}"
        headers = {"Authorization": "Basic " + base64.b64encode(known.encode()).decode()}
        call = self._wire.client().api_call("oauth.v2.access", data=form, headers=headers)
        return _data(await answer("oauth.v2.access", call))

    async def belongs_to(self, tokens: Tokens) -> tuple[str, str, str]:
        """Workspace, organisation and web address, as Slack itself says whose token this is."""
        client = self._wire.client(tokens.access.get_secret_value())
        data = _data(await answer("auth.test", client.auth_test()))
        return _text(data.get("team_id")), _text(data.get("enterprise_id")), _text(data.get("url"))

    async def revoke(self, tokens: Tokens) -> None:
        """Have Slack forget a token that we do not keep. That it cannot be done now is no reason to keep it."""
        with contextlib.suppress(ConnectorError):
            client = self._wire.client(tokens.access.get_secret_value())
            await answer("auth.revoke", client.auth_revoke())


def _data(response: Any) -> Mapping[str, Any]:
    data = response.data
    if not isinstance(data, dict):
        raise ConnectorError("slack", "an answer is no object")
    return data


def _tokens(data: Mapping[str, Any]) -> Tokens:
    access, refresh, seconds = data.get("access_token"), data.get("refresh_token") or "", data.get("expires_in") or 0
    good = _is_token(access) and (refresh == "" or _is_token(refresh)) and data.get("token_type") == "bot"
    good = good and isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds <= LONGEST_LIFE
    if not good or (seconds and not refresh):
        raise ConnectorError("slack", "oauth.v2.access gave no usable bot token")
    return Tokens(SecretStr(str(access)), SecretStr(str(refresh)), seconds)


def _installed(data: Mapping[str, Any]) -> Installed:
    team, enterprise, person = (_object(data.get(name)) for name in ("team", "enterprise", "authed_user"))
    org_wide = data.get("is_enterprise_install") is True
    whose = enterprise if org_wide else team
    tenant, organisation = _text(whose.get("id")), _text(enterprise.get("id"))
    if not _TENANT.fullmatch(tenant) or tenant[0] != ("E" if org_wide else "T"):
        raise ConnectorError("slack", "oauth.v2.access names no workspace")
    if organisation and not _TENANT.fullmatch(organisation):
        raise ConnectorError("slack", "oauth.v2.access names no organisation")
    user, bot = _text(person.get("id")), _text(data.get("bot_user_id"))
    return Installed(
        tenant=tenant,
        enterprise=organisation,
        name=one_line(_text(whose.get("name")))[:200],
        bot_user=bot if _USER.fullmatch(bot) else "",
        org_wide=org_wide,
        scopes=frozenset(filter(_SCOPE.fullmatch, _text(data.get("scope")).split(","))),
        installed_by=user if _USER.fullmatch(user) else "",
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 2_000 and all("!" <= letter <= "~" for letter in value)
