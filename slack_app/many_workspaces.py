"""Several workspaces: each with the token it gave us when it installed us, kept fresh."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from core.errors import ConnectorError
from slack_app.installing import leaving, store
from slack_app.installing.organisations import Workspaces
from slack_app.installing.rotation import Rotation
from slack_app.installing.store import Installation
from slack_app.installing.tokens import TokenEndpoint
from slack_app.installing.wire import Wire
from slack_app.settings import SlackSettings
from storage import Database
from storage.keys import KeyRing, SealBroken

KEPT_SECONDS = 20.0
"""How long a client is used before the tables are read again: another process may have removed its workspace."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A client, whom it belongs to, and when it was made."""

    client: AsyncWebClient
    installation: Installation
    at: float


class ManyWorkspaces:
    """Implements `slack_app.clients.Clients` over the installations in our database.

    A workspace is looked up first, then the organisations that installed us for all of theirs.
    """

    def __init__(
        self,
        settings: SlackSettings,
        wire: Wire,
        database: Database,
        keys: KeyRing,
        rotation: Rotation | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._database = database
        self._keys = keys
        self._clock = clock
        self._rotation = rotation or Rotation(database, keys, TokenEndpoint(settings, wire))
        self._workspaces = Workspaces(clock)
        self._kept: dict[str, _Kept] = {}

    async def of(self, tenant: str) -> AsyncWebClient:
        """See `Clients.of`."""
        return (await self._found(tenant)).client

    async def bot_user(self, tenant: str) -> str:
        """Our own user there: whose name a mention of us holds. Raises as `of`."""
        return (await self._found(tenant)).installation.about.bot_user

    async def departed(self, tenant: str) -> bool:
        """The workspace or organisation removed us, or revoked our token: see `leaving.departed`."""
        self._kept.clear()
        self._workspaces.forget(tenant)
        return await leaving.departed(self._database, self._keys, self._wire, tenant)

    async def close(self) -> None:
        """Let refreshes end, and give the connections back."""
        await self._rotation.settle()
        await self._wire.close()

    async def _found(self, tenant: str) -> _Kept:
        kept = self._kept.get(tenant)
        if kept is None or self._clock() - kept.at > KEPT_SECONDS:
            self._kept.pop(tenant, None)
            kept = self._kept[tenant] = await self._made(tenant)
        return kept

    async def _made(self, tenant: str) -> _Kept:
        own = await self._read(tenant)
        if own is not None:
            return self._serve(tenant, await self._rotation.fresh(own))
        for enterprise in await self._database.read(store.org_wide):
            wide = await self._read(enterprise)
            if wide is None:
                continue
            wide = await self._rotation.fresh(wide)
            if await self._workspaces.has(enterprise, tenant, self._client(wide, "")):
                return self._serve(tenant, wide)
        raise ConnectorError("slack", "the app is not installed in this workspace")

    def _serve(self, tenant: str, found: Installation) -> _Kept:
        if not self._settings.workspaces & {tenant, found.about.tenant, found.about.enterprise}:
            raise ConnectorError("slack", "this workspace is not served")
        team = tenant if found.about.org_wide and tenant != found.about.tenant else ""
        return _Kept(self._client(found, team), found, self._clock())

    def _client(self, found: Installation, team: str) -> AsyncWebClient:
        return self._wire.client(found.tokens.access.get_secret_value(), team)

    async def _read(self, tenant: str) -> Installation | None:
        try:
            return await self._database.read(lambda tx: store.get(tx, self._keys, tenant))
        except SealBroken:
            problem = f"the token of this workspace cannot be opened with {store.KEY_FILE}: install the app again"
            raise ConnectorError("slack", problem) from None
