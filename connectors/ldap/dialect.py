"""What differs between the directories that speak LDAP, when people, groups and accounts are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from connectors.ldap.account_state import AccountState
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings


class Dialect(Protocol):
    """One kind of directory. Everything runs in a worker thread and raises what `Link` raises."""

    @property
    def attributes(self) -> Sequence[str]:
        """What must be read of an entry besides the attributes of the settings."""

    def state_of(self, entry: Entry) -> AccountState:
        """Is the account on, locked, an administrator's? An entry that does not say it is off is on."""

    def groups_of(self, link: Link, entries: Sequence[Entry]) -> Sequence[frozenset[str]]:
        """For each entry the DNs of all its groups, nested ones included, wherever they are."""

    def inside(self, link: Link, group: str, attributes: Sequence[str]) -> Sequence[Entry]:
        """The people in the group with this DN, nested ones included, with these attributes."""

    def contact_changed_at(self, link: Link, entry: Entry) -> datetime:
        """When mobile number or private address last changed, at the earliest: too late is safe, too early is not."""


def dialect_of(settings: LdapSettings) -> Dialect:
    """The one the settings name."""
    if settings.kind == "active_directory":
        from connectors.ldap.active_directory_reading import ActiveDirectoryDialect

        active_directory: Dialect = ActiveDirectoryDialect(settings)
        return active_directory
    from connectors.ldap.openldap import OpenLdapDialect

    return OpenLdapDialect(settings)
