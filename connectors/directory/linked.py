"""A directory that also knows the accounts which people have linked to themselves."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.directory import Directory
from connectors.directory import links as rows
from core.people import ChannelIdentity, Contact, Employee
from storage import Database


class LinkedDirectory:
    """Implements `Directory`: links first, then the directory behind it. It only reads."""

    def __init__(self, inner: Directory, database: Database) -> None:
        self._inner = inner
        self._database = database

    async def by_identity(self, identity: ChannelIdentity) -> Employee | None:
        """The employee this account is linked to, fresh from the directory; else whom the directory itself names."""
        if identity.channel in rows.LINKABLE:
            employee_id = await self._database.read(lambda tx: rows.employee_of(tx, identity))
            if employee_id is not None:
                return await self._inner.by_id(employee_id)
        return await self._inner.by_identity(identity)

    async def by_id(self, employee_id: str) -> Employee | None:
        """See `Directory`."""
        return await self._inner.by_id(employee_id)

    async def identities(self, employee_id: str) -> Sequence[ChannelIdentity]:
        """The directory's own and the linked ones, each once."""
        linked = await self._database.read(lambda tx: rows.of_employee(tx, employee_id))
        own = await self._inner.identities(employee_id)
        return sorted({*own, *(link.identity for link in linked)}, key=str)

    async def find(self, words: str, limit: int = 5) -> Sequence[Employee]:
        """See `Directory`."""
        return await self._inner.find(words, limit)

    async def contact(self, employee_id: str) -> Contact | None:
        """See `Directory`."""
        return await self._inner.contact(employee_id)

    async def members(self, group: str) -> Sequence[Employee]:
        """See `Directory`."""
        return await self._inner.members(group)
