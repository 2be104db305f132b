"""Noticing a changed address before the audit log tells of it, which takes Entra ID some minutes.

Without this, whoever sits at somebody's screen could put in a phone number of their own and ask for a code at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import user_id_of
from core.errors import ConnectorError

TRACKED = ("mobilePhone", "otherMails", "mail")
KEPT = timedelta(days=7)
_EXPIRED = frozenset({"syncStateNotFound", "resyncRequired", "SyncStateNotFound"})


class AddressWatch:
    """Asks Graph's change tracking what changed since this process began; says when it noticed.

    It knows nothing of the time before, which is the audit log's. A tenant that refuses to tell makes every address a
    new one. `now` is UTC.
    """

    def __init__(self, client: GraphClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._link = ""
        self._noticed: dict[str, datetime] = {}

    async def begin(self, deadline: Deadline) -> None:
        """Start watching, if that has not begun. Raises `ConnectorError`; a refusal is told by `noticed`."""
        try:
            async with asyncio.timeout(deadline.left), self._one_at_a_time:
                await self._begin(deadline)
        except TimeoutError:
            raise ConnectorError(SYSTEM, "Graph's change tracking takes too long") from None
        except GraphRefusal:
            return

    async def noticed(self, user_id: str, deadline: Deadline) -> datetime | None:
        """When a change of this account's addresses was seen, None when none was. Raises `ConnectorError`."""
        try:
            async with asyncio.timeout(deadline.left), self._one_at_a_time:
                await self._look(deadline)
        except TimeoutError:
            raise ConnectorError(SYSTEM, "Graph's change tracking takes too long") from None
        except GraphRefusal:
            return self._now()
        return self._noticed.get(user_id)

    async def _begin(self, deadline: Deadline) -> None:
        if not self._link:
            query = {"$select": ",".join(TRACKED), "$deltatoken": "latest"}
            self._link = await self._client.change_link(("users", "delta"), query, deadline)

    async def _look(self, deadline: Deadline) -> None:
        await self._begin(deadline)
        try:
            rows, link = await self._client.changed_since(self._link, deadline)
        except GraphRefusal as error:
            if error.status != 410 and error.code not in _EXPIRED:
                raise
            self._link = ""  # seven days without a question: what happened meanwhile is in the log by now
            await self._begin(deadline)
            return
        moment = self._now()
        for row in rows:
            said = set(row) & set(TRACKED)
            if said or set(row) <= {"id", "@removed"}:
                self._noticed[user_id_of(row)] = moment
        self._link = link
        self._noticed = {user: at for user, at in self._noticed.items() if at > moment - KEPT}
