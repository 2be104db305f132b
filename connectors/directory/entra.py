"""The directory of an organisation whose people are in Entra ID, read over Microsoft Graph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from connectors.directory.matching import LONGEST
from connectors.examination import Seen
from connectors.graph.address_watch import AddressWatch
from connectors.graph.addresses import mobile, private_mail
from connectors.graph.client import GraphClient
from connectors.graph.contact_changes import last_change
from connectors.graph.employees import employee_of
from connectors.graph.examining import examine_reading
from connectors.graph.finding import Finder
from connectors.graph.memberships import memberships
from connectors.graph.people import GivenTwice, one_user, own_account, users_of, where
from connectors.graph.permissions import powers_of
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import USER_FIELDS, User, read_user, text
from connectors.settings import OutsideSettings
from core.errors import ConnectorError
from core.people import ChannelIdentity, Contact, Employee, EmployeeKind

MOST = 25
MOST_MEMBERS = 200
"""A larger group is no group of approvers; reading each member's rights would take too long."""


class EntraDirectory:
    """Implements `Directory`. Nothing is kept of anybody's rights: a changed one counts at the next question."""

    def __init__(
        self,
        settings: EntraSettings,
        outside: OutsideSettings | None = None,
        client: GraphClient | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._client = client or GraphClient(settings, outside)
        self._finder = Finder(self._client, settings)
        self._watch = AddressWatch(self._client, now)
        self._now = now
        self._own_tenant = {"teams": settings.tenant, "oidc": settings.hosts.issuer(settings.tenant)}

    async def by_identity(self, identity: ChannelIdentity) -> Employee | None:
        """Teams, and sign-in at this tenant by object id: the ids themselves. Others: their attribute, or nobody."""
        deadline = self._deadline()
        user = await self._signed_in(identity, deadline)
        if user is None or user.person is None:
            return None
        person = await self._person(user.person, deadline, user)
        if person is None:
            return None
        # Who signs in with an account that is off, or a guest's, is no more than that account.
        kind = EmployeeKind.GUEST if user.guest else person.kind
        return replace(person, kind=kind, active=person.active and user.enabled)

    async def by_id(self, employee_id: str) -> Employee | None:
        """One employee as the directory has it now."""
        return await self._person(employee_id, self._deadline())

    async def identities(self, employee_id: str) -> Sequence[ChannelIdentity]:
        """The accounts of this person in Teams, and what the attributes say of other channels."""
        users = await users_of(self._client, self._settings, employee_id, self._deadline())
        own = self._own_tenant.items()
        found = {ChannelIdentity(channel, tenant, user.user_id) for user in users for channel, tenant in own}
        for channel, attribute in self._settings.identity_attributes.items():
            for user in users:
                tenant, _, name = text(user.extensions, attribute).partition(":")
                if tenant and name:
                    found.add(ChannelIdentity(channel, tenant, name))
        return sorted(found, key=str)

    async def find(self, words: str, limit: int = 5) -> Sequence[Employee]:
        """Active staff who fit `words`, best first, at most 25. A misspelling in the first three letters is lost."""
        asked, at_most = words[:LONGEST].strip(), max(0, min(limit, MOST))
        if not asked or not at_most:
            return []
        deadline = self._deadline()
        likely = await self._finder.likely(asked, at_most, deadline)
        return await self._staff(dict.fromkeys(person.employee_id for person in likely), deadline)

    async def contact(self, employee_id: str) -> Contact | None:
        """The private addresses, and when they changed as the audit log tells it: now, when that cannot be read."""
        deadline = self._deadline()
        user = own_account(await users_of(self._client, self._settings, employee_id, deadline), self._settings)
        if user is None or user.person is None:
            return None
        query = {"$select": "id,mobilePhone,otherMails,mail"}
        # First the addresses, then the log: a change between the two is then one to addresses we do not give away.
        row = await self._client.get(("users", user.user_id), query, deadline)
        noticed = await self._watch.noticed(user.user_id, deadline)
        changed = await last_change(self._client, self._settings, user.user_id, self._now(), deadline)
        if row is None:
            return None
        mails = row.get("otherMails") or []
        if not isinstance(mails, list):
            raise ConnectorError(SYSTEM, "Graph gave otherMails that cannot be read")
        own = private_mail(mails, (user.email, user.sign_in_name))
        changed = max(changed, noticed or changed, user.created_at or changed)
        return Contact(user.person, mobile(text(row, "mobilePhone")), own, text(row, "mail"), changed)

    async def members(self, group: str) -> Sequence[Employee]:
        """The active staff of a group, nested groups included, by number. Raises `ConnectorError` above 200."""
        group_id = self._settings.group_id(group)
        if group_id is None:
            return []
        deadline = self._deadline()
        query = {"$select": USER_FIELDS, "$top": "500"}  # 999 of them might be more than a response may hold
        rows = await self._client.rows(("groups", group_id, "transitiveMembers"), query, deadline)
        people = [row for row in rows or () if row.get("@odata.type") == "#microsoft.graph.user"]
        users = [read_user(row, self._settings) for row in people]
        numbers = sorted({user.person for user in users if user.person and user.enabled and not user.guest})
        if len(numbers) > MOST_MEMBERS:
            raise ConnectorError(SYSTEM, f"a group has more than {MOST_MEMBERS} members and is not listed")
        return [person for person in await self._staff(numbers, deadline) if group in person.groups]

    async def powers(self) -> Sequence[str]:
        """What the application could change in the tenant. Asked when a process starts, it also begins the watch."""
        await self._watch.begin(self._deadline())
        return await powers_of(self._client, self._deadline())

    async def examine(self) -> Sequence[Seen]:
        """For `loket doctor`: sign-in, permissions, groups, numbers, audit log. Changes nothing."""
        return await examine_reading(self._client, self._settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _signed_in(self, identity: ChannelIdentity, deadline: Deadline) -> User | None:
        if identity.channel in self._own_tenant:
            if identity.tenant.lower() != self._own_tenant[identity.channel]:
                return None
            # The usual subject of a sign-in is no object id and finds nobody: the provider's `oid` has to be used.
            return await one_user(self._client, self._settings, identity.user.lower(), deadline)
        attribute = self._settings.identity_attributes.get(identity.channel)
        if attribute is None or ":" in identity.tenant:
            return None
        wanted = f"{identity.tenant}:{identity.user}"
        found = await where(self._client, self._settings, attribute, (wanted,), deadline)
        if len(found) != 1:
            return None  # given to two accounts, an id says nothing
        # The index may lag behind the directory, so what it found is read again there.
        user = await one_user(self._client, self._settings, found[0].user_id, deadline)
        return user if user and text(user.extensions, attribute) == wanted else None

    async def _person(self, employee_id: str, deadline: Deadline, known: User | None = None) -> Employee | None:
        found = own_account(await users_of(self._client, self._settings, employee_id, deadline), self._settings)
        if found is None:
            return None
        user, held = await asyncio.gather(
            self._fresh(found.user_id, deadline, known),
            memberships(self._client, self._settings, found.user_id, deadline),
        )
        if user is None or user.person is None or user.person.casefold() != employee_id.casefold():
            return None
        return employee_of(user, held.groups, self._settings)

    async def _fresh(self, user_id: str, deadline: Deadline, known: User | None) -> User | None:
        """With the manager, which a list does not give."""
        if known is not None and known.user_id == user_id:
            return known
        return await one_user(self._client, self._settings, user_id, deadline)

    async def _staff(self, numbers: Iterable[str], deadline: Deadline) -> Sequence[Employee]:
        """Those of them who are active staff, read anew; who shares a number with somebody is nobody here."""
        people = await asyncio.gather(*(self._one_of_staff(number, deadline) for number in numbers))
        return [person for person in people if person is not None and person.may_use_tools]

    async def _one_of_staff(self, number: str, deadline: Deadline) -> Employee | None:
        try:
            return await self._person(number, deadline)
        except GivenTwice:
            return None

    def _deadline(self) -> Deadline:
        return Deadline(self._settings.read_seconds)
