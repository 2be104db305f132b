"""Reading people and groups from Active Directory: what differs from other directories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from connectors.ldap import replication
from connectors.ldap.account_state import AccountState
from connectors.ldap.active_directory import MACHINES, NEVER, SERVICES, Flags, file_time, flags
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.nested_members import NestedMembers
from connectors.ldap.settings import LdapSettings
from connectors.ldap.token_groups import SYSTEM, TokenGroups
from core.errors import ConnectorError

STATE = (
    "objectClass",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "lockoutTime",
    "pwdLastSet",
    "adminCount",
    "servicePrincipalName",
)
MEMBERSHIP = ("memberOf", "primaryGroupID", "objectSid")
ONE_BY_ONE = 40
"""For more entries than this the groups are read once and walked, instead of one `tokenGroups` for each."""
NO_PERSON = frozenset({"computer", "msds-managedserviceaccount", "msds-groupmanagedserviceaccount"})


class ActiveDirectoryDialect:
    """Implements `Dialect`. One for a whole process: it remembers the names of groups for a minute."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self.groups = TokenGroups(settings)

    @property
    def attributes(self) -> Sequence[str]:
        """What must be read of an entry besides the attributes of the settings."""
        return (*STATE, *MEMBERSHIP)

    def state_of(self, entry: Entry) -> AccountState:
        """What the entry says about itself. Raises `ConnectorError` when the flags of the account may not be read."""
        held = _flags(entry, "userAccountControl")
        return AccountState(
            enabled=not held & Flags.DISABLED and not _is_over(entry),
            locked=_is_locked(entry),
            privileged=entry.text("adminCount") not in ("", "0"),
            service=_is_service(entry, held),
            credential_changed_at=file_time(entry.text("pwdLastSet")),
        )

    def groups_of(self, link: Link, entries: Sequence[Entry]) -> Sequence[frozenset[str]]:
        """For each entry the DNs of all its groups, nested ones included."""
        if len(entries) > ONE_BY_ONE:
            return self.groups.above_many(link, entries)
        sids = [self.groups.sids(link, entry.dn) for entry in entries]
        self.groups.groups(link, frozenset().union(*sids))  # all names in one question
        return [frozenset(group.dn for group in self.groups.groups(link, some)) for some in sids]

    def inside(self, link: Link, group: str, attributes: Sequence[str]) -> Sequence[Entry]:
        """The people in the group with this DN, nested ones included."""
        return NestedMembers(link, self._settings, self.groups, attributes).of(group)

    def contact_changed_at(self, link: Link, entry: Entry) -> datetime:
        """When mobile number, private or work address last changed, as the domain controllers replicate it.

        Where that cannot be told: when the whole entry last changed, which is never earlier.
        """
        names = self._settings.attributes
        contact = [name for name in (names.mobile, names.private_mail, names.mail) if name]
        fresh = link.read(entry.dn, [*replication.ATTRIBUTES, "whenChanged", "whenCreated"])
        if fresh is None:
            raise ConnectorError(SYSTEM, "the entry has gone")
        try:
            changed = replication.changes(fresh).latest(contact) or fresh.moment("whenCreated")
        except (LookupError, ValueError):
            changed = fresh.moment("whenChanged")
        if changed is None:
            raise ConnectorError(SYSTEM, "the service account may not read when an entry changed")
        return changed


def _is_locked(entry: Entry) -> bool:
    """As the server works it out, the end of a lock-out included; else whatever stands there."""
    if entry.text("msDS-User-Account-Control-Computed"):
        return bool(_flags(entry, "msDS-User-Account-Control-Computed") & Flags.LOCKED)
    return file_time(entry.text("lockoutTime")) is not None


def _flags(entry: Entry, attribute: str) -> Flags:
    try:
        return flags(entry.text(attribute))
    except ValueError:
        raise ConnectorError(SYSTEM, f"the service account may not read {attribute}") from None


def _is_over(entry: Entry) -> bool:
    """Has the account expired? What cannot be read has: nobody guesses in favour of an account."""
    text = entry.text("accountExpires")
    if text in ("", "0", str(NEVER)):
        return False
    ends = file_time(text)
    return ends is None or ends <= datetime.now(UTC)


def _is_service(entry: Entry, held: Flags) -> bool:
    classes = {name.casefold() for name in entry.texts("objectClass")}
    is_no_person = bool(classes & NO_PERSON) or bool(held & (MACHINES | SERVICES)) or not held & Flags.NORMAL
    return is_no_person or bool(entry.all("servicePrincipalName"))
