"""What `loket doctor` sees of Slack: read-only, nothing is posted, and no detail holds a token."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from connectors.examination import Seen
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError
from slack_app.clients import Clients
from slack_app.installing import store
from slack_app.installing.answers import SlackSaysNo, answer
from slack_app.installing.wire import Wire
from slack_app.many_workspaces import ManyWorkspaces
from slack_app.one_workspace import OneWorkspace
from slack_app.scopes import APP_TOKEN_SCOPE, SCOPES
from slack_app.settings import SlackSettings
from storage import Database
from storage.keys import KeyRing

MOST_SKEW = 60.0
"""Seconds that our clock may differ from Slack's; from 300 on every request of Slack would be refused."""
_NEEDED_SECRET = 16


@dataclass(frozen=True, slots=True)
class Approvals:
    """Where approval cards go: `LOKET_GATE_APPROVERS_CHANNEL` and `LOKET_GATE_APPROVERS_TENANT`."""

    channel: str
    tenant: str


class SlackExamined:
    """Implements `connectors.examination.Examined` for Slack. It opens a session for each look.

    `tokens` are the database and the key ring where several workspaces installed us; None with a bot token.
    """

    def __init__(
        self,
        settings: SlackSettings,
        outside: OutsideSettings,
        approvals: Approvals,
        tokens: tuple[Database, KeyRing] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._outside = outside
        self._approvals = approvals
        self._tokens = tokens
        self._clock = clock

    @property
    def name(self) -> str:
        """See `Examined.name`."""
        return "Slack"

    async def examine(self) -> Sequence[Seen]:
        """See `Examined.examine`."""
        try:
            wire = Wire(self._settings, self._outside)
        except ConfigError as error:
            return [Seen("Slack address", good=False, detail=str(error), advice="correct it in the settings")]
        try:
            return [*_secrets(self._settings), *await self._socket(wire), *await self._tokens_of(wire)]
        finally:
            await wire.close()

    async def _tokens_of(self, wire: Wire) -> list[Seen]:
        reached: set[str] = set()
        token = self._settings.bot_token.get_secret_value()
        if token:
            seen = await self._workspace(wire.client(token), "", reached)
            return [*seen, *await self._approving(OneWorkspace(self._settings, wire), reached)]
        if self._tokens is None:
            advice = "set LOKET_SLACK_BOT_TOKEN, or LOKET_SLACK_CLIENT_ID and LOKET_SLACK_CLIENT_SECRET"
            return [Seen("Slack token", good=False, detail="there is none", advice=advice)]
        database, keys = self._tokens
        many = ManyWorkspaces(self._settings, wire, database, keys)
        installed = [about.tenant for about, _ in await database.read(store.listed)]
        if not installed:
            advice = "open /slack/install at the public address of Loket, as an administrator of the workspace"
            return [Seen("Slack workspaces", good=False, detail="nobody installed the app", advice=advice)]
        seen = []
        for tenant in installed:
            try:
                seen.extend(await self._workspace(await many.of(tenant), tenant, reached))
            except ConnectorError as error:
                advice = "install the app again there, or run: loket slack forget " + tenant
                seen.append(Seen(f"Slack {tenant}", good=False, detail=error.detail, advice=advice))
        return [*seen, *await self._approving(many, reached)]

    async def _approving(self, clients: Clients, reached: set[str]) -> list[Seen]:
        """Where cards go. A workspace may be reached through its organisation, so its client is asked for."""
        what, tenant = "Slack approvals", self._approvals.tenant
        if self._approvals.channel != "slack":
            advice = "set LOKET_GATE_APPROVERS_CHANNEL=slack to have cards posted there"
            detail = f"cards go to {self._approvals.channel or 'nowhere'}, not to Slack"
            return [Seen(what, good=False, detail=detail, advice=advice, fatal=False)]
        if not reached:
            return []  # said already
        try:
            client = await clients.of(tenant)
        except ConnectorError as error:
            advice = f"set LOKET_GATE_APPROVERS_TENANT={min((one for one in reached if one[0] == 'T'), default='T…')}"
            return [Seen(what, good=False, detail=f"cards go to {tenant}: {error.detail}", advice=advice)]
        if not self._settings.rooms:
            advice = 'set LOKET_SLACK_ROOMS, such as {"it-approvers": "C0123ABCD"}'
            return [Seen(what, good=False, detail="no approver group has a channel", advice=advice)]
        rooms = [await _room(client, group, room) for group, room in sorted(self._settings.rooms.items())]
        return [Seen(what, good=True, detail=f"cards go to {tenant}"), *rooms]

    async def _workspace(self, client: AsyncWebClient, kept: str, reached: set[str]) -> list[Seen]:
        what = f"Slack {kept}".strip()
        try:
            said = await answer("auth.test", client.auth_test())
        except SlackSaysNo as no:
            return [Seen(what, good=False, detail=f"Slack refuses the token: {no.reason}", advice=_reinstall(kept))]
        except ConnectorError as error:
            return [Seen(what, good=False, detail=error.detail, advice="check the network, and LOKET_OUTSIDE_PROXY")]
        team, enterprise = str(said.get("team_id") or ""), str(said.get("enterprise_id") or "")
        reached |= {team, enterprise, kept} - {""}
        return [
            Seen(what, good=True, detail=f"the token is good for {team or enterprise}"),
            _allowed(self._settings, {team, enterprise} - {""}),
            _scopes(said),
            *_clock(said, self._clock()),
        ]

    async def _socket(self, wire: Wire) -> list[Seen]:
        if self._settings.mode != "socket":
            return []
        what, token = "Slack app token", self._settings.app_token.get_secret_value()
        make = f"Basic Information → App-Level Tokens → Generate Token and Scopes, scope {APP_TOKEN_SCOPE}"
        if not token:
            return [Seen(what, good=False, detail="LOKET_SLACK_APP_TOKEN is empty", advice=make)]
        try:
            await answer("apps.connections.open", wire.client().apps_connections_open(app_token=token))
        except SlackSaysNo as no:
            return [Seen(what, good=False, detail=f"Slack refuses a connection: {no.reason}", advice=make)]
        except ConnectorError as error:
            return [Seen(what, good=False, detail=error.detail, advice="check the network, and LOKET_OUTSIDE_PROXY")]
        return [Seen(what, good=True, detail="a connection can be opened")]


def _secrets(settings: SlackSettings) -> list[Seen]:
    if settings.mode != "http":
        return []
    what, secret = "Slack signing secret", settings.signing_secret.get_secret_value()
    advice = "copy it from Basic Information → App Credentials → Signing Secret into LOKET_SLACK_SIGNING_SECRET"
    if len(secret) < _NEEDED_SECRET:
        return [Seen(what, good=False, detail="it is empty or too short to be one", advice=advice)]
    return [Seen(what, good=True, detail="it is set; whether it is the right one shows at the first event")]


def _allowed(settings: SlackSettings, tenants: set[str]) -> Seen:
    what = "Slack workspace"
    if not settings.workspaces and settings.bot_token.get_secret_value():
        return Seen(what, good=True, detail="the one of the token is served")
    good = bool(settings.workspaces & tenants)
    names = ", ".join(sorted(tenants))
    detail = f"{names} is served" if good else f"{names} is not in LOKET_SLACK_WORKSPACES: nobody there is answered"
    return Seen(what, good=good, detail=detail, advice="" if good else "add it to LOKET_SLACK_WORKSPACES")


def _scopes(said: AsyncSlackResponse) -> Seen:
    granted = _header(said.headers, "x-oauth-scopes")
    if not granted:
        return Seen("Slack scopes", good=True, detail="Slack does not say which were granted")
    lacking = sorted(set(SCOPES) - {scope.strip() for scope in granted.split(",")})
    if lacking:
        advice = (
            "paste `loket slack manifest` into App Manifest at api.slack.com, save, and press Reinstall to Workspace"
        )
        return Seen("Slack scopes", good=False, detail=f"not granted: {', '.join(lacking)}", advice=advice)
    return Seen("Slack scopes", good=True, detail="all that the manifest asks for")


def _clock(said: AsyncSlackResponse, ours: float) -> list[Seen]:
    try:
        theirs = parsedate_to_datetime(_header(said.headers, "date")).timestamp()
    except (TypeError, ValueError):
        return []
    skew = abs(ours - theirs)
    good, detail = skew <= MOST_SKEW, f"{skew:.0f} s from Slack's"
    advice = "" if good else "set the clock (NTP): from 300 s on Loket takes every request of Slack for an old one"
    return [Seen("clock", good=good, detail=detail, advice=advice, fatal=skew > 300)]


async def _room(client: AsyncWebClient, group: str, room: str) -> Seen:
    what = f"Slack room of {group}"
    try:
        said = await answer("conversations.info", client.conversations_info(channel=room))
    except ConnectorError as error:
        advice = (
            f"open the channel, copy its id (channel name → About), set LOKET_SLACK_ROOMS, and /invite Loket ({room})"
        )
        return Seen(what, good=False, detail=error.detail, advice=advice)
    channel: Mapping[str, Any] = said.get("channel") or {}
    if channel.get("is_archived"):
        return Seen(what, good=False, detail=f"{room} is archived", advice="unarchive it, or set another channel")
    if not channel.get("is_member"):
        return Seen(what, good=False, detail=f"Loket is not in {room}", advice="write /invite @Loket in that channel")
    shared = channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")
    if shared:
        advice = "use a channel of your own: cards show who asks for what"
        return Seen(what, good=False, detail=f"{room} is shared with another organisation", advice=advice)
    if not channel.get("is_private"):
        advice = "make it private: everybody in the workspace can read the cards there"
        return Seen(what, good=False, detail=f"{room} is a public channel", advice=advice, fatal=False)
    return Seen(what, good=True, detail=f"{room}, private, and Loket is in it")


def _header(headers: Mapping[str, Any], name: str) -> str:
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")


def _reinstall(kept: str) -> str:
    if kept:
        return "open /slack/install at the public address of Loket, or run: loket slack forget " + kept
    return "OAuth & Permissions → Install to Workspace, and copy the Bot User OAuth Token into LOKET_SLACK_BOT_TOKEN"
