"""Who works here: people, managers, groups and the private addresses to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.people import ChannelIdentity, Contact, Employee


class Directory(Protocol):
    """Reads people. Raises `ConnectorError` when the directory cannot be reached; never returns half a result."""

    async def by_identity(self, identity: ChannelIdentity) -> Employee | None:
        """The employee a verified channel identity is mapped to; None for strangers. Inactive ones are returned."""

    async def by_id(self, employee_id: str) -> Employee | None:
        """One employee, fresh from the directory: rights are read again at every decision."""

    async def identities(self, employee_id: str) -> Sequence[ChannelIdentity]:
        """Every channel identity that is mapped to this employee: what a person's data is looked up by."""

    async def find(self, words: str, limit: int = 5) -> Sequence[Employee]:
        """Staff whose name, e-mail or employee number matches `words`, best first. At most 25."""

    async def contact(self, employee_id: str) -> Contact | None:
        """The private addresses of one employee. Only the gate and the notifier ask this."""

    async def members(self, group: str) -> Sequence[Employee]:
        """The active staff of a group, nested groups included."""
