"""Everybody inside an Active Directory group, however nested: down from the group, over lists of members of any length.

(Asking for `memberOf` from the other side is quick in Windows and reads every entry in Samba; this is quick in both.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.token_groups import SECURITY_GROUPS, TokenGroups, chunks, sid_of
from connectors.ldap.values import all_of, any_of, equal, is_under

MANY = 200
"""From so many members on, reading all people and all groups once is quicker than reading each member."""
MEMBER = "member"


class NestedMembers:
    """One walk. DNs are compared as the server writes them, which it does in one way only."""

    def __init__(self, link: Link, settings: LdapSettings, groups: TokenGroups, attributes: Sequence[str]) -> None:
        self._link = link
        self._settings = settings
        self._groups = groups
        self._attributes = [*attributes, "primaryGroupID"]
        self._people: dict[str, Entry] = {}
        self._all_people: dict[str, Entry] | None = None
        self._all_groups: dict[str, Entry] = {}

    def of(self, group: str) -> list[Entry]:
        """The people in the group with this DN; nobody if it gives no rights (a distribution list)."""
        top = self._link.search(group, SECURITY_GROUPS, ("objectSid",), scope="BASE")
        seen = {_key(entry.dn): entry for entry in top}
        waiting = list(top)
        while waiting:
            below = [
                dn for dn in self._members(waiting.pop().dn) if _key(dn) not in seen and _key(dn) not in self._people
            ]
            for entry in self._sorted_out(below):
                seen[_key(entry.dn)] = entry
                waiting.append(entry)
        self._by_primary_group(list(seen.values()))
        return list(self._people.values())

    def _members(self, dn: str) -> list[str]:
        """All of them. Windows gives long lists in parts, and says so in the name of the attribute."""
        found: list[str] = []
        wanted = MEMBER
        while wanted:
            entry = self._link.read(dn, (wanted,))
            wanted = ""
            for name, values in entry.values.items() if entry else ():
                found += [value.decode() for value in values]
                first, _, last = name.partition(";range=")[2].partition("-")
                if first and last.isdigit():
                    wanted = f"{MEMBER};range={int(last) + 1}-*"
        return found

    def _sorted_out(self, dns: Sequence[str]) -> list[Entry]:
        """The groups among them; the people go where people are kept."""
        if len(dns) > MANY and self._all_people is None:
            self._read_everything()
        return [entry for dn in dns if (entry := self._group_or_keep(dn)) is not None]

    def _group_or_keep(self, dn: str) -> Entry | None:
        if self._all_people is not None:
            person, group = self._all_people.get(_key(dn)), self._all_groups.get(_key(dn))
        else:
            person = self._one(dn, self._settings.filter_of_people, self._attributes) if self._is_place(dn) else None
            group = None if person else self._one(dn, SECURITY_GROUPS, ("objectSid",))
        if person is not None:
            self._people[_key(dn)] = person
        return group

    def _is_place(self, dn: str) -> bool:
        return is_under(dn, self._settings.people_base)

    def _one(self, dn: str, filter_: str, attributes: Sequence[str]) -> Entry | None:
        found = self._link.search(dn, filter_, attributes, scope="BASE")
        return found[0] if found else None

    def _read_everything(self) -> None:
        people = self._link.search(self._settings.people_base, self._settings.filter_of_people, self._attributes)
        groups = self._link.search(self._groups.root(self._link), SECURITY_GROUPS, ("objectSid",))
        self._all_people, self._all_groups = _by_key(people), _by_key(groups)

    def _by_primary_group(self, groups: Sequence[Entry]) -> None:
        """Nobody's primary group has them in its list of members."""
        numbers = [sid_of(group).rpartition("-")[2] for group in groups]
        if self._all_people is not None:
            held = set(numbers)
            self._people |= {k: one for k, one in self._all_people.items() if one.text("primaryGroupID") in held}
            return
        for some in chunks(numbers):
            filter_ = any_of(equal("primaryGroupID", number) for number in some)
            fits = all_of(self._settings.filter_of_people, filter_)
            self._people |= _by_key(self._link.search(self._settings.people_base, fits, self._attributes))


def _by_key(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {_key(entry.dn): entry for entry in entries}


def _key(dn: str) -> str:
    return dn.casefold()
