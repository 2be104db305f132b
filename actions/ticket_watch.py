"""Asking the ticket system for news, again and again: for systems that do not tell, and for what their telling lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from actions.ticket_news import TicketNews
from connectors.tickets import TicketReader
from core.errors import LoketError
from core.rounds import Rounds
from storage import Database, now

OVERLAP = timedelta(minutes=15)
"""So far before the last look each looks again: Jira Cloud's search runs behind. Who was told is not told again."""
LOOK_BACK = timedelta(hours=12)
"""How far the first look goes back, and how far a look goes after the system was away."""
log = structlog.get_logger("ticket_watch")


class TicketWatch:
    """Looks every `seconds`. In several processes side by side it does no harm, only more calls."""

    def __init__(self, database: Database, tickets: TicketReader, news: TicketNews, seconds: float) -> None:
        self._database = database
        self._tickets = tickets
        self._news = news
        self._looked_at: datetime | None = None
        self._rounds = Rounds(self.once, seconds, _failed)

    async def once(self) -> int:
        """One look; returns how many people were told. Raises `ConnectorError`; the next look then makes up for it."""
        moment = await self._database.read(now)
        since = moment - LOOK_BACK if self._looked_at is None else max(self._looked_at - OVERLAP, moment - LOOK_BACK)
        told = [await self._news.heard(change) for change in await self._tickets.changes(since)]
        self._looked_at = moment
        return sum(told)

    async def start(self) -> None:
        """Begin."""
        self._rounds.start()

    async def stop(self) -> None:
        """End the look under way, and look no more."""
        await self._rounds.stop()


def _failed(error: Exception) -> None:
    if isinstance(error, LoketError):
        log.warning("ticket_watch_failed", error=type(error).__name__)
    else:
        log.error("ticket_watch_crashed", error=type(error).__name__)
