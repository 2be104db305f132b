"""One workspace: the bot token of the settings, as a client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import ConnectorError
from slack_app.installing.answers import answer
from slack_app.installing.leaving import forget_talks, still_works
from slack_app.installing.organisations import Workspaces
from slack_app.installing.wire import Wire
from slack_app.settings import SlackSettings
from storage import AuditEntry, Database, Tx
from storage.audit import record

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Own:
    """Whom the token speaks for."""

    team: str
    enterprise: str
    org_wide: bool
    bot_user: str


class OneWorkspace:
    """Implements `slack_app.clients.Clients` for `LOKET_SLACK_BOT_TOKEN`. Slack is asked once whose it is."""

    def __init__(self, settings: SlackSettings, wire: Wire, database: Database | None = None) -> None:
        self._settings = settings
        self._wire = wire
        self._database = database
        self._workspaces = Workspaces()
        self._own: _Own | None = None
        self._asking = asyncio.Lock()
        self._clients: dict[str, AsyncWebClient] = {}

    async def of(self, tenant: str) -> AsyncWebClient:
        """See `Clients.of`."""
        own = await self._ourselves()
        served = self._settings.workspaces
        if served and not served & {tenant, own.enterprise}:
            raise ConnectorError("slack", "this workspace is not served")
        if not own.org_wide:
            if not tenant or tenant not in (own.team, own.enterprise):
                raise ConnectorError("slack", "the app is not installed in this workspace")
            return self._client("")
        if tenant == own.enterprise:
            return self._client("")
        if not await self._workspaces.has(own.enterprise, tenant, self._client("")):
            raise ConnectorError("slack", "the app is not installed in this workspace")
        return self._client(tenant)

    async def bot_user(self, tenant: str) -> str:
        """Our own user there: whose name a mention of us holds. Raises as `of`."""
        await self.of(tenant)
        return (await self._ourselves()).bot_user

    async def departed(self, tenant: str) -> bool:
        """The workspace says that it removed us; returns whether it really did. What it talked about goes then.

        The token stays in the settings and works no more. Raises `ConnectorError` when Slack does not say.
        """
        if await still_works(self._wire, self._settings.bot_token):
            log.info("slack_still_installed")
            return False
        self._own = None
        if self._database is not None:
            await self._database.run(partial(_forget, tenant=tenant))
        log.info("slack_departed")
        return True

    async def close(self) -> None:
        """Give the connections back."""
        await self._wire.close()

    def _client(self, team: str) -> AsyncWebClient:
        if team not in self._clients:
            self._clients[team] = self._wire.client(self._settings.bot_token.get_secret_value(), team)
        return self._clients[team]

    async def _ourselves(self) -> _Own:
        async with self._asking:
            if self._own is None:
                said = await answer("auth.test", self._client("").auth_test())
                team, enterprise, user = (str(said.get(name) or "") for name in ("team_id", "enterprise_id", "user_id"))
                self._own = _Own(team, enterprise, said.get("is_enterprise_install") is True, user)
            return self._own


def _forget(tx: Tx, tenant: str) -> None:
    forget_talks(tx, tenant)
    record(tx, AuditEntry("system:slack", "slack.departed", f"slack:{tenant}"[:160], "done", origin="slack"))
