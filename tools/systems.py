"""The outside systems as a tool sees them: reading in a turn, changing only in the executor."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.accounts import AccountReader, Accounts
from connectors.directory import Directory
from connectors.tickets import TicketReader, Tickets
from core.ports import PolicySearch, Requests


@dataclass(frozen=True, slots=True)
class ReadSystems:
    """All that the agent can reach: nothing here can change anything."""

    directory: Directory
    accounts: AccountReader
    tickets: TicketReader
    policies: PolicySearch
    requests: Requests


@dataclass(frozen=True, slots=True)
class ChangeSystems:
    """What the executor holds besides."""

    directory: Directory
    accounts: Accounts
    tickets: Tickets
