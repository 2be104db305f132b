"""Nested groups where the server does not work them out: up from a member, or down from a group, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.ldap.entry import Entry
from connectors.ldap.fetching import by_name, in_parts
from connectors.ldap.link import Link
from connectors.ldap.matched_values import only_values
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import any_of, dn_key, equal, shared_base

Key = tuple[object, ...]
ALL_AT_ONCE = 50
"""From so many people on, reading every group once is quicker than asking for the groups of each."""


class GroupsAbove:
    """All groups of entries, however nested. Remembers what it has seen: make a new one for every call.

    Looks everywhere above people and groups, not only under `groups_base`: a protected group may be anywhere.
    """

    def __init__(self, link: Link, settings: LdapSettings) -> None:
        self._link = link
        self._member = settings.attributes.member
        self._base = shared_base(settings.people_base, settings.groups_base) or settings.groups_base
        self._parents: dict[Key, tuple[str, ...]] = {}
        self._whole = False

    def of(self, entry: Entry, known: Iterable[str] = ()) -> frozenset[str]:
        """The DNs of all groups the entry is in; `known` are groups the server has named already."""
        return self.of_all([(entry, known)])[0]

    def of_all(self, entries: Sequence[tuple[Entry, Iterable[str]]]) -> list[frozenset[str]]:
        """The same for many: one question for each level of nesting, not one for each group of each."""
        known = [tuple(groups) for _, groups in entries]
        level = [*(entry.dn for entry, _ in entries), *(dn for groups in known for dn in groups)]
        while level and not self._whole:
            level = self._learn(level)
        return [self._above(entry.dn, groups) for (entry, _), groups in zip(entries, known, strict=True)]

    def read_all(self) -> None:
        """Read every group with its members once, for questions about many people."""
        for group in self._link.search(self._base, f"({self._member}=*)", (self._member,)):
            for member in group.texts(self._member):
                self._add(dn_key(member), group.dn)
        self._whole = True

    def _learn(self, dns: Sequence[str]) -> list[str]:
        """Ask in which groups these are, directly; the groups that were named, to be asked about next."""
        fresh = {dn_key(dn): dn for dn in dns if dn_key(dn) not in self._parents}
        self._parents |= dict.fromkeys(fresh, ())
        if len(fresh) == 1:  # whatever is found holds this one: its members need not be seen
            ((key, dn),) = fresh.items()
            self._parents[key] = tuple(group.dn for group in self._holding([dn], ()))
            return list(self._parents[key])
        found = []
        for some in in_parts(list(fresh.values())):
            for group in self._holding(some, (self._member,)):
                found.append(group.dn)
                for key in {dn_key(member) for member in group.texts(self._member)} & fresh.keys():
                    self._add(key, group.dn)
        return found

    def _holding(self, dns: Sequence[str], attributes: Sequence[str]) -> list[Entry]:
        filter_ = any_of(equal(self._member, dn) for dn in dns)
        controls = [only_values(self._member, dns)] if attributes else []
        return self._link.search(self._base, filter_, attributes, controls=controls)

    def _add(self, member: Key, group: str) -> None:
        held = self._parents.get(member, ())
        if group not in held:  # one group may answer to two parts of a question
            self._parents[member] = (*held, group)

    def _above(self, dn: str, known: Iterable[str]) -> frozenset[str]:
        found: dict[Key, str] = {}
        waiting = [*known, *self._parents.get(dn_key(dn), ())]
        while waiting:
            group = waiting.pop()
            key = dn_key(group)
            if key not in found:
                found[key] = group
                waiting += self._parents.get(key, ())
        return frozenset(found.values())


def members_inside(link: Link, settings: LdapSettings, group: str) -> list[str]:
    """The DNs of all that is in a group, nested groups included, each once."""
    member = settings.attributes.member
    base = shared_base(settings.people_base, settings.groups_base) or settings.groups_base
    members: dict[Key, str] = {}
    seen: set[Key] = set()
    waiting = [group]
    while waiting:
        fresh = [dn for dn in waiting if dn_key(dn) not in seen]
        seen.update(dn_key(dn) for dn in fresh)
        names = [
            name
            for entry in by_name(link, settings, base, f"({member}=*)", fresh, (member,))
            for name in entry.texts(member)
        ]
        new = {dn_key(name): name for name in names if dn_key(name) not in members}
        members |= new
        waiting = [entry.dn for entry in by_name(link, settings, base, f"({member}=*)", list(new.values()), ())]
    return list(members.values())
