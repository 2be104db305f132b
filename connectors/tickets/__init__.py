"""Tickets: queues of work for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as its requester may see it. `is_outage` marks a known disturbance that others can join."""

    ticket_id: str
    queue: str
    summary: str
    description: str
    requester_id: str
    status: str
    created_at: datetime
    address: str
    is_outage: bool = False


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What will be filed. `queue` is one of `Tickets.queues`."""

    queue: str
    summary: str
    description: str
    requester_id: str


class TicketReader(Protocol):
    """What may be read in a turn. Raises `ConnectorError`."""

    @property
    def queues(self) -> Sequence[str]:
        """The queues one can file in."""

    async def get(self, ticket_id: str, requester_id: str) -> Ticket | None:
        """One ticket, if this person may see it; None otherwise."""

    async def mine(self, requester_id: str, limit: int = 10) -> Sequence[Ticket]:
        """The person's own tickets, newest first."""

    async def similar(self, queue: str, words: str, requester_id: str, limit: int = 3) -> Sequence[Ticket]:
        """Open outages of any queue, and own open tickets of this one, that resemble `words`; best first."""

    async def by_key(self, key: str) -> Ticket | None:
        """The ticket filed under this key: how a create that timed out after its commit is found again."""


class Tickets(TicketReader, Protocol):
    """What the executor may change. Raises `ConnectorError` or `EffectUnknown` as `Accounts` does."""

    @property
    def repeats_safely(self) -> bool:
        """True when the same `key` twice gives one ticket or one comment."""

    async def create(self, draft: TicketDraft, key: str) -> Ticket:
        """File a ticket marked with `key`."""

    async def comment(self, ticket_id: str, requester_id: str, text: str, key: str) -> None:
        """Add a comment in the requester's name."""
