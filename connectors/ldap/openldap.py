"""How OpenLDAP writes things down: the password policy overlay, group membership, and when an entry changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connectors.ldap.account_state import AccountState
from connectors.ldap.entry import Entry
from connectors.ldap.fetching import by_name
from connectors.ldap.groups import ALL_AT_ONCE, GroupsAbove, members_inside
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from core.errors import ConnectorError

LOCKED_AT = "pwdAccountLockedTime"
CHANGED_AT = "pwdChangedTime"
MUST_CHANGE = "pwdReset"
SWITCHED_OFF = "000001010000Z"
"""This lock has no time and never ends by itself: an administrator has switched the account off (slapo-ppolicy(5))."""


class OpenLdapDialect:
    """Implements `Dialect` for OpenLDAP with the overlays ppolicy and, where there are dynamic groups, dynlist."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings

    @property
    def attributes(self) -> Sequence[str]:
        """Operational attributes: a server gives them only when they are asked for by name."""
        return (LOCKED_AT, CHANGED_AT, "memberOf")

    def state_of(self, entry: Entry) -> AccountState:
        """A lock counts until it is lifted, also when the policy would let it lapse: the server shows no other."""
        lock, changed = entry.text(LOCKED_AT), entry.moment(CHANGED_AT)
        return AccountState(
            enabled=lock != SWITCHED_OFF,
            locked=bool(lock),
            credential_changed_at=_end_of_second(changed) if changed else None,
        )

    def groups_of(self, link: Link, entries: Sequence[Entry]) -> Sequence[frozenset[str]]:
        """What `memberOf` says, and what the groups themselves say, level by level.

        Neither alone will do: without an overlay there is no `memberOf`, with the memberof overlay it stops at the
        first level, and a dynamic group has no members to look at.
        """
        above = GroupsAbove(link, self._settings)
        if len(entries) > ALL_AT_ONCE:
            above.read_all()
        return above.of_all([(entry, entry.texts("memberOf")) for entry in entries])

    def inside(self, link: Link, group: str, attributes: Sequence[str]) -> Sequence[Entry]:
        """The people in the group, nested ones included.

        Working out `memberOf` costs the server milliseconds for every entry, so many people come without it: their
        dynamic groups are missing then, which takes rights away and gives none.
        """
        members = members_inside(link, self._settings, group)
        wanted = [name for name in attributes if name != "memberOf" or len(members) <= ALL_AT_ONCE]
        return by_name(
            link, self._settings, self._settings.people_base, self._settings.filter_of_people, members, wanted
        )

    def contact_changed_at(self, link: Link, entry: Entry) -> datetime:
        """The last change of the entry, whatever it was. Raises `ConnectorError` when the account may not see it."""
        fresh = link.read(entry.dn, ("modifyTimestamp",))
        changed = fresh.moment("modifyTimestamp") if fresh else None
        if changed is None:
            raise ConnectorError("directory", "the reading account may not see modifyTimestamp")
        return changed


def _end_of_second(moment: datetime) -> datetime:
    """The server keeps whole seconds: what happened in this one happened at its end at the latest, not after now."""
    return moment if moment.microsecond else min(moment + timedelta(microseconds=999_999), datetime.now(UTC))
