"""Finding an account in Active Directory, and telling whether anybody may touch it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connectors.accounts import Account, AccountKind
from connectors.ldap import replication
from connectors.ldap.account_state import AccountState
from connectors.ldap.active_directory import file_time, sid_text
from connectors.ldap.active_directory_reading import STATE, ActiveDirectoryDialect
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.protected_sids import protecting
from connectors.ldap.server_clock import ServerClocks
from connectors.ldap.settings import LdapSettings
from connectors.ldap.token_groups import Group, sid_of
from connectors.ldap.values import all_of, dn_key, equal, is_under
from core.errors import ConnectorError

SYSTEM = "accounts"
ANY_ACCOUNT = "(objectClass=user)"
"""Machines and managed service accounts too: what is not looked at cannot be told apart."""


class AccountEntries:
    """Accounts as the directory has them now. Works in a worker thread, with the link of the call."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._names = settings.attributes
        self._clocks = ServerClocks()
        self._filter = settings.accounts_filter or ANY_ACCOUNT
        self._dialect = ActiveDirectoryDialect(settings)
        self._protected_dns = {dn_key(name) for name in settings.groups_protected if "=" in name}
        self._protected_names = {name.casefold() for name in settings.groups_protected if "=" not in name}

    def find(self, link: Link, account_id: str) -> Entry | None:
        """The account with this name under the configured bases.

        Raises `ConnectorError` when there are two: nobody picks one of them.
        """
        attribute = self._names.account_id
        like = self._search(link, equal(attribute, account_id))
        # The server may stop reading a name at a NUL, or leave out blanks and accents.
        found = [one for one in like if one.text(attribute).casefold() == account_id.casefold()]
        if len(found) > 1:
            raise ConnectorError(SYSTEM, "two accounts have the same name")
        return found[0] if found else None

    def of(self, link: Link, employee_id: str) -> Sequence[Account]:
        """The accounts with this employee number: ordinary ones first, then where people are, then with mail."""
        attribute = self._names.employee_id
        found = [one for one in self._search(link, equal(attribute, employee_id)) if one.text(attribute) == employee_id]
        pairs = [(entry, self.account(link, entry)) for entry in found]
        pairs.sort(key=lambda pair: self._order(*pair))
        return [account for _, account in pairs]

    def account(self, link: Link, entry: Entry) -> Account:
        """An entry as an account, with all that protects it. Raises `ConnectorError` when that cannot be read."""
        state = self._dialect.state_of(entry)
        sids = frozenset[str]().union(*(self._dialect.groups.sids(link, dn) for dn in self._of_the_person(link, entry)))
        groups = self._dialect.groups.groups(link, sids)
        ahead = self._clocks.ahead(link)
        return Account(
            account_id=entry.text(self._names.account_id),
            employee_id=entry.text(self._names.employee_id) or None,
            kind=self._kind(entry, state, sids, groups),
            enabled=state.enabled and not entry.fits(self._settings.conditions("inactive")),
            locked=state.locked,
            groups=frozenset(name for group in groups for name in group.names),
            credential_changed_at=_by_our_clock(_credential_changed(entry, state), ahead),
            unlocked_at=_by_our_clock(_unlocked(entry), ahead),
        )

    def shortest_password(self, link: Link) -> int | None:
        """How long passwords of the domain must be; None when that may not be read."""
        domain = link.read(self._dialect.groups.root(link), ("minPwdLength",))
        length = domain.text("minPwdLength") if domain else ""
        return int(length) if length.isdigit() else None

    def _of_the_person(self, link: Link, entry: Entry) -> list[str]:
        """The entry, and that of the person it belongs to: an administrator's second account is an administrator's."""
        number = entry.text(self._names.employee_id)
        person = all_of(self._settings.filter_of_people, equal(self._names.employee_id, number))
        found = link.search(self._settings.people_base, person, ()) if number else []
        return list({dn_key(one.dn): one.dn for one in (entry, *found)}.values())

    def _search(self, link: Link, filter_: str) -> list[Entry]:
        conditions = (self._settings.conditions(which) for which in ("service", "privileged", "inactive"))
        marks = [attribute for some in conditions for attribute, _ in some]
        names = [self._names.account_id, self._names.employee_id, self._names.mail]
        wanted = [*STATE, *replication.ATTRIBUTES, *names, *marks, "objectSid", "objectGUID", "sIDHistory"]
        attributes = list(dict.fromkeys(name for name in wanted if name))
        found: dict[tuple[object, ...], Entry] = {}
        for base in self._settings.bases_of_accounts:
            for entry in link.search(base, all_of(self._filter, filter_), attributes):
                found[dn_key(entry.dn)] = entry
        return list(found.values())

    def _kind(self, entry: Entry, state: AccountState, sids: frozenset[str], groups: Sequence[Group]) -> AccountKind:
        if state.service or entry.fits(self._settings.conditions("service")):
            return AccountKind.SERVICE
        if any(is_under(entry.dn, base) for base in self._settings.bases_of_services):
            return AccountKind.SERVICE
        own = {sid_of(entry), *(sid_text(value) for value in entry.all("sIDHistory"))}
        privileged = (
            state.privileged
            or entry.fits(self._settings.conditions("privileged"))
            or bool(protecting(own | sids))
            or entry.text(self._names.account_id).casefold() in self._settings.accounts_protected
            or not self._protected_names.isdisjoint(name.casefold() for group in groups for name in group.names)
            or not self._protected_dns.isdisjoint(dn_key(group.dn) for group in groups)
        )
        return AccountKind.PRIVILEGED if privileged else AccountKind.ORDINARY

    def _order(self, entry: Entry, account: Account) -> tuple[bool, bool, bool, str]:
        is_elsewhere = not is_under(entry.dn, self._settings.people_base)
        has_no_mail = not entry.text(self._names.mail)
        return account.kind is not AccountKind.ORDINARY, is_elsewhere, has_no_mail, account.account_id


def _credential_changed(entry: Entry, state: AccountState) -> datetime | None:
    """`pwdLastSet`, to the instant. After a reset it is 0; what replicates then tells the second of the change."""
    if state.credential_changed_at is not None:
        return state.credential_changed_at
    return _last_change(entry, "unicodePwd")


def _unlocked(entry: Entry) -> datetime | None:
    """When `lockoutTime` last went, for an account that is not locked: the end of that second."""
    return _last_change(entry, "lockoutTime") if file_time(entry.text("lockoutTime")) is None else None


def _last_change(entry: Entry, attribute: str) -> datetime | None:
    try:
        return replication.changes(entry).of(attribute)
    except (LookupError, ValueError):
        return None


def _by_our_clock(moment: datetime | None, ahead: timedelta) -> datetime | None:
    """The end of a second that is not over would lie in the future, where nothing has happened yet."""
    return min(moment - ahead, datetime.now(UTC)) if moment else None
