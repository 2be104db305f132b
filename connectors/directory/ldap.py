"""The directory over LDAP: OpenLDAP or Active Directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connectors.directory.ldap_finding import find_people
from connectors.examination import Seen
from connectors.ldap.dialect import dialect_of
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.people import People, e164
from connectors.ldap.session import LdapSession
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, equal
from core.errors import ConnectorError
from core.people import ChannelIdentity, Contact, Employee

T = TypeVar("T")
SYSTEM = "directory"
MOST = 25


class LdapDirectory:
    """Implements `Directory`. Nothing is kept between calls, so a changed right counts at once.

    Raises `ConfigError` when it is made with settings that cannot work.
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._names = settings.attributes
        self._dialect = dialect_of(settings)
        self._session = LdapSession(settings, SYSTEM)
        self._wanted = People.wanted(settings, self._dialect)

    async def by_identity(self, identity: ChannelIdentity) -> Employee | None:
        """The employee this channel identity is mapped to; None for strangers. Inactive ones are returned."""
        attribute, value = self._names.identity, str(identity)
        if not attribute or ":" in identity.channel or ":" in identity.tenant:
            return None  # `a:b` + `c` and `a` + `b:c` would be written alike

        def work(link: Link, people: People) -> Employee | None:
            found = self._entries(link, equal(attribute, value), attribute)
            # The server may compare without regard to capitals; identities are exact.
            exact = [entry for entry in found if value in entry.texts(attribute)]
            if len(exact) > 1:
                raise ConnectorError(SYSTEM, "one channel identity is mapped to two people")
            number = exact[0].text(self._names.employee_id) if exact else ""
            return self._person(link, people, number) if number else None

        return await self._ask(work)

    async def by_id(self, employee_id: str) -> Employee | None:
        """One employee as the directory has it now."""
        return await self._ask(lambda link, people: self._person(link, people, employee_id))

    async def identities(self, employee_id: str) -> Sequence[ChannelIdentity]:
        """Every channel identity that is mapped to this employee."""
        attribute = self._names.identity

        def work(link: Link, _people: People) -> Sequence[ChannelIdentity]:
            entry = self._one(link, employee_id, attribute)
            parts = [text.split(":", 2) for text in (entry.texts(attribute) if entry else ())]
            return [ChannelIdentity(*three) for three in sorted(parts) if len(three) == 3 and all(three)]

        return await self._ask(work) if attribute else []

    async def find(self, words: str, limit: int = 5) -> Sequence[Employee]:
        """Active staff who fit `words`, best first, at most 25."""
        at_most = max(0, min(limit, MOST))
        if not at_most:
            return []
        return await self._ask(
            lambda link, people: find_people(link, self._settings, people, self._wanted, words, at_most)
        )

    async def contact(self, employee_id: str) -> Contact | None:
        """The private addresses of one employee."""
        names = self._names

        def work(link: Link, _people: People) -> Contact | None:
            entry = self._one(link, employee_id, names.mobile, names.private_mail, names.contact_changed)
            if entry is None:
                return None
            changed = entry.moment(names.contact_changed) or self._dialect.contact_changed_at(link, entry)
            mobile = e164(entry.text(names.mobile), self._settings.phone_country)
            private = entry.text(names.private_mail) or None
            return Contact(entry.text(names.employee_id), mobile, private, entry.text(names.mail), changed)

        return await self._ask(work)

    async def members(self, group: str) -> Sequence[Employee]:
        """The active staff of a group, nested groups included, by employee number."""

        def work(link: Link, people: People) -> Sequence[Employee]:
            attribute = self._names.group_name
            named = link.search(self._settings.groups_base, equal(attribute, group), (attribute,))
            exact = [entry for entry in named if group in entry.texts(attribute)]
            if len(exact) > 1:
                raise ConnectorError(SYSTEM, "two groups have the name that was asked for")
            inside = self._dialect.inside(link, exact[0].dn, self._wanted) if exact else ()
            found = people.employees(people.active_staff(inside))
            return sorted(found, key=lambda person: person.employee_id)

        return await self._ask(work)

    async def powers(self) -> Sequence[str]:
        """What the reading account could change, which should be nothing. Changes nothing to find out."""
        if self._settings.kind == "active_directory":
            from connectors.ldap.active_directory_powers import powers_in_active_directory

            return await self._session.run(lambda link: powers_in_active_directory(link, self._settings))
        from connectors.ldap.powers import powers_of

        return await self._session.run(lambda link: powers_of(link, self._settings))

    async def examine(self) -> Sequence[Seen]:
        """What a look at the directory finds, for `loket doctor`."""
        from connectors.ldap.examining import examine_directory, look

        if self._settings.kind == "active_directory":
            from connectors.ldap.active_directory_examination import examine

            return [
                *await self._session.reach(),
                *await look(self._session, lambda link: examine(link, self._settings, changes=False)),
            ]
        return await examine_directory(self._session)

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def _ask(self, work: Callable[[Link, People], T]) -> T:
        return await self._session.run(lambda link: work(link, People(link, self._settings, self._dialect)))

    def _person(self, link: Link, people: People, employee_id: str) -> Employee | None:
        entry = self._one(link, employee_id)
        return people.employees([entry])[0] if entry else None

    def _one(self, link: Link, employee_id: str, *more: str) -> Entry | None:
        found = self._entries(link, equal(self._names.employee_id, employee_id), *more)
        exact = [entry for entry in found if entry.text(self._names.employee_id) == employee_id]
        if len(exact) > 1:
            raise ConnectorError(SYSTEM, "two people have the same employee number; people_filter must leave one")
        return exact[0] if exact else None

    def _entries(self, link: Link, filter_: str, *more: str) -> list[Entry]:
        wanted = (*self._wanted, *(name for name in more if name))
        return link.search(self._settings.people_base, all_of(self._settings.filter_of_people, filter_), wanted)
