"""Tickets: queues of work for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    """What will be filed. `queue` is one of `Tickets.queues`; `link` leads to the conversation, if anything can."""

    queue: str
    summary: str
    description: str
    requester_id: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A ticket got another status. `change_id` grows with every change of the system, `at` is in UTC."""

    ticket_id: str
    status: str
    closed: bool
    change_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A file that goes along with a ticket. `name` is clean, and no other file of its ticket has it; `media_type` is
    our own word, never a sender's."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


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
        """The ticket filed under this key: how a create that timed out after its commit is found again.

        `requester_id` of what it gives may be empty. None is no proof while the system's search runs behind.
        """

    async def commented(self, ticket_id: str, requester_id: str, key: str) -> bool:
        """Whether the comment of this key stands on the ticket: the same for a comment."""

    async def changes(self, since: datetime) -> Sequence[TicketChange]:
        """The last change of status since then of each ticket that had one, oldest first."""


class Tickets(TicketReader, Protocol):
    """What the executor may change. Raises `ConnectorError` or `EffectUnknown` as `Accounts` does."""

    @property
    def repeats_safely(self) -> bool:
        """True when the same `key` twice gives one ticket, one comment or one file."""

    async def create(self, draft: TicketDraft, key: str) -> Ticket:
        """File a ticket marked with `key`."""

    async def comment(self, ticket_id: str, requester_id: str, text: str, key: str) -> None:
        """Add a comment in the requester's name."""

    async def attach(self, ticket_id: str, requester_id: str, file: TicketFile, key: str) -> None:
        """Add a file to a ticket of this person's."""

    async def attached(self, ticket_id: str, requester_id: str, name: str, size: int, key: str) -> bool:
        """Whether a file of this name and size in bytes is there: how one is found whose adding ended in doubt."""
