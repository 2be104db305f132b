"""The ticket system of a process that may not use one: whatever it is asked, it says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from connectors.tickets import Ticket, TicketChange
from core.errors import ConnectorError


class AbsentTickets:
    """Implements `TicketReader` for the role that takes events in: it files nothing and looks nothing up."""

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues

    async def get(self, ticket_id: str, requester_id: str) -> Ticket | None:
        """Raises `ConnectorError`."""
        _refuse()

    async def mine(self, requester_id: str, limit: int = 10) -> Sequence[Ticket]:
        """Raises `ConnectorError`."""
        _refuse()

    async def similar(self, queue: str, words: str, requester_id: str, limit: int = 3) -> Sequence[Ticket]:
        """Raises `ConnectorError`."""
        _refuse()

    async def by_key(self, key: str) -> Ticket | None:
        """Raises `ConnectorError`."""
        _refuse()

    async def commented(self, ticket_id: str, requester_id: str, key: str) -> bool:
        """Raises `ConnectorError`."""
        _refuse()

    async def changes(self, since: datetime) -> Sequence[TicketChange]:
        """Raises `ConnectorError`."""
        _refuse()


def _refuse() -> NoReturn:
    raise ConnectorError("tickets", "this process holds no account at the ticket system")
