"""Reading sign-in accounts over LDAP, and what of them is never touched."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.accounts import Account, AccountKind
from connectors.accounts.protection import refuse_untouchable
from connectors.ldap.dialect import dialect_of
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.session import LdapSession
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, dn_key, equal, first_value, is_under
from core.errors import ConnectorError

SYSTEM = "accounts"


class LdapAccountReader:
    """Implements `AccountReader`: all that the agent holds. Raises `ConfigError` for settings that cannot work."""

    def __init__(self, settings: LdapSettings) -> None:
        self._begin(settings, writing=False)

    def _begin(self, settings: LdapSettings, *, writing: bool) -> None:
        self._settings = settings
        self._changes = writing
        self._names = settings.attributes
        self._dialect = dialect_of(settings)
        self._session = LdapSession(settings, SYSTEM, writing=writing)

    async def of(self, employee_id: str) -> Sequence[Account]:
        """All accounts of one person, the ordinary one first, and of several the one the person is known by."""

        def work(link: Link) -> Sequence[Account]:
            attribute = self._names.employee_id
            entries = [
                entry
                for entry in self._search(link, equal(attribute, employee_id))
                if entry.text(attribute) == employee_id
            ]
            person = self._person(link, employee_id)
            accounts = [(entry, self._account(link, entry, person)) for entry in entries]
            accounts.sort(key=lambda pair: _order(pair[0], pair[1], person))
            return [account for _, account in accounts]

        return await self._session.run(work)

    async def by_id(self, account_id: str) -> Account | None:
        """One account, fresh."""

        def work(link: Link) -> Account | None:
            entry = self._entry(link, account_id)
            return self._account(link, entry, self._person_of(link, entry)) if entry else None

        return await self._session.run(work)

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    def _fresh(self, link: Link, account_id: str) -> tuple[Entry, Account]:
        """The account as it is now, on the connection that is about to change it.

        Raises `Refused` for one that is never touched, and `ConnectorError` when there is none.
        """
        entry = self._entry(link, account_id)
        if entry is None:
            raise ConnectorError(SYSTEM, "there is no such account")
        account = self._account(link, entry, self._person_of(link, entry))
        refuse_untouchable(account, frozenset())  # what is in a protected group is not of the ordinary kind
        return entry, account

    def _account(self, link: Link, entry: Entry, person: Entry | None) -> Account:
        state, settings = self._dialect.state_of(entry), self._settings
        known = [entry] if person is None or dn_key(person.dn) == dn_key(entry.dn) else [entry, person]
        held = self._dialect.groups_of(link, known)
        groups = frozenset().union(*held)  # an administrator's second, ordinary account is an administrator's
        account_id = entry.text(self._names.account_id)
        kind = AccountKind.ORDINARY
        if self._is_service(entry, state.service):
            kind = AccountKind.SERVICE
        elif (
            state.privileged
            or entry.fits(settings.conditions("privileged"))
            or account_id.casefold() in settings.accounts_protected
            or self._is_protected(groups)
        ):
            kind = AccountKind.PRIVILEGED
        return Account(
            account_id=account_id,
            employee_id=entry.text(self._names.employee_id) or None,
            kind=kind,
            enabled=state.enabled and not entry.fits(settings.conditions("inactive")),
            locked=state.locked,
            groups=frozenset(name for name in map(self._group, groups) if name),
            credential_changed_at=state.credential_changed_at,
            unlocked_at=state.unlocked_at,
        )

    def _is_service(self, entry: Entry, says_so: bool) -> bool:
        elsewhere = any(is_under(entry.dn, base) for base in self._settings.bases_of_services)
        return says_so or elsewhere or entry.fits(self._settings.conditions("service"))

    def _is_protected(self, groups: frozenset[str]) -> bool:
        """By name or by DN, wherever the group is: too much protection costs a walk to the desk, too little more."""
        named = {name.casefold() for name in self._settings.groups_protected}
        keys = {dn_key(name) for name in self._settings.groups_protected if "=" in name}
        return any(self._group(dn).casefold() in named or dn_key(dn) in keys for dn in groups)

    def _group(self, dn: str) -> str:
        return first_value(dn, self._names.group_name) or first_value(dn, "cn")

    def _person_of(self, link: Link, entry: Entry) -> Entry | None:
        number = entry.text(self._names.employee_id)
        return self._person(link, number) if number else None

    def _person(self, link: Link, employee_id: str) -> Entry | None:
        fits = all_of(self._settings.filter_of_people, equal(self._names.employee_id, employee_id))
        found = link.search(self._settings.people_base, fits, self._wanted())
        if len(found) > 1:
            raise ConnectorError(SYSTEM, "two people have the same employee number; people_filter must leave one")
        return found[0] if found else None

    def _entry(self, link: Link, account_id: str) -> Entry | None:
        attribute = self._names.account_id
        found = self._search(link, equal(attribute, account_id))
        exact = [entry for entry in found if entry.text(attribute).casefold() == account_id.casefold()]
        if len(exact) > 1:
            raise ConnectorError(SYSTEM, "two accounts have the same name")
        return exact[0] if exact else None

    def _search(self, link: Link, filter_: str) -> list[Entry]:
        fits = all_of(self._settings.filter_of_accounts, filter_)
        found: dict[object, Entry] = {}
        for base in self._settings.bases_of_accounts:  # one may lie within another
            found |= {dn_key(entry.dn): entry for entry in link.search(base, fits, self._wanted())}
        return list(found.values())

    def _wanted(self) -> tuple[str, ...]:
        settings = self._settings
        kinds = (settings.conditions("service"), settings.conditions("privileged"), settings.conditions("inactive"))
        marks = (name for some in kinds for name, _ in some)
        return (self._names.account_id, self._names.employee_id, *self._dialect.attributes, *marks)


def _order(entry: Entry, account: Account, person: Entry | None) -> tuple[bool, bool, str]:
    is_person = person is not None and dn_key(person.dn) == dn_key(entry.dn)
    return account.kind is not AccountKind.ORDINARY, not is_person, account.account_id
