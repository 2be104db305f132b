"""Token rotation: refreshed well before the end, by one process at a time, and an old token is used to its end."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from core.errors import ConnectorError
from slack_app.installing import store
from slack_app.installing.answers import SlackSaysNo
from slack_app.installing.store import Installation, Tokens
from slack_app.installing.tokens import TokenEndpoint
from storage import Database
from storage.keys import KeyRing

log = structlog.get_logger(__name__)
BEFORE_SECONDS = 2 * 3600.0
"""Slack's tokens work for 12 hours; from so long before the end a new one is fetched."""
CLAIM = timedelta(seconds=60)
"""How long one process has for it; after a failure this is also the pause until somebody tries again."""
_LOOK_SECONDS, _LOOKS, _WRITES = 0.2, 50, 3
_ENDED = "the token has ended and could not be refreshed: install the app again if this lasts"


class Rotation:
    """Keeps tokens fresh. `look_seconds`: how often a process looks whether another one has done it.

    Slack uses a refresh token up when it answers. A process that dies between that answer and its own commit loses
    the new one: the old access token works to its end, then the workspace has to install again.
    """

    def __init__(
        self, database: Database, keys: KeyRing, endpoint: TokenEndpoint, look_seconds: float = _LOOK_SECONDS
    ) -> None:
        self._database = database
        self._keys = keys
        self._endpoint = endpoint
        self._look_seconds = look_seconds
        self._running: set[asyncio.Task[Installation]] = set()
        self._ended: dict[str, str] = {}

    async def fresh(self, found: Installation) -> Installation:
        """The installation with tokens that work. Raises `ConnectorError` when they have ended for good."""
        if found.seconds_left is None or found.seconds_left > BEFORE_SECONDS:
            return found
        tenant, edition = found.about.tenant, found.edition
        if await self._database.run(lambda tx: store.claim(tx, tenant, edition, CLAIM)):
            task = asyncio.create_task(self._refresh(found))  # a caller who gives up must not lose what Slack answers
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            return await asyncio.shield(task)
        if found.seconds_left > 0:
            return found
        if self._ended.get(tenant) == edition:  # we tried, in vain, and the pause is not over
            raise ConnectorError("slack", _ENDED)
        return await self._from_another(found)

    async def settle(self) -> None:
        """Wait for refreshes under way: what Slack answered must be kept."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _refresh(self, found: Installation) -> Installation:
        try:
            tokens = await self._endpoint.refresh(found.tokens)
        except ConnectorError as error:
            reason = error.reason if isinstance(error, SlackSaysNo) else "no_answer"
            log.warning("slack_token_not_refreshed", reason=reason)
            if found.seconds_left is not None and found.seconds_left > 0:
                return found
            self._ended[found.about.tenant] = found.edition
            raise ConnectorError("slack", _ENDED) from None
        await self._keep(found, tokens)
        renewed = await self._read(found)
        if renewed is None:
            raise ConnectorError("slack", "the app was removed while its token was refreshed")
        return renewed

    async def _keep(self, found: Installation, tokens: Tokens) -> None:
        tenant, edition = found.about.tenant, found.edition
        for attempt in range(1, _WRITES + 1):
            try:
                await self._database.run(lambda tx: store.renew(tx, self._keys, tenant, edition, tokens))
                return
            except ConnectorError:
                if attempt == _WRITES:
                    log.error("slack_token_not_kept", reason="database")
                    raise
                await asyncio.sleep(self._look_seconds)

    async def _from_another(self, found: Installation) -> Installation:
        for _ in range(_LOOKS):
            await asyncio.sleep(self._look_seconds)
            newer = await self._read(found)
            if newer is None or newer.edition != found.edition:
                break
        else:
            newer = found
        if newer is None or (newer.seconds_left is not None and newer.seconds_left <= 0):
            raise ConnectorError("slack", _ENDED)
        return newer

    async def _read(self, found: Installation) -> Installation | None:
        return await self._database.read(lambda tx: store.get(tx, self._keys, found.about.tenant))
