"""All groups of an Active Directory account, however nested: `tokenGroups`, which the server works out in one read.

(The matching rule LDAP_MATCHING_RULE_IN_CHAIN gives the same, some hundred times slower.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors.ldap.active_directory import sid_bytes, sid_text
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, any_of, equal
from core.errors import ConnectorError

T = TypeVar("T")
SYSTEM = "directory"
REMEMBER_SECONDS = 60.0
"""How long the DN and the name of a group are believed; who is in it is asked every time."""
AT_ONCE = 40
"""How many values one filter names at most."""
SECURITY_GROUPS = "(&(objectCategory=group)(groupType:1.2.840.113556.1.4.803:=2147483648))"
"""Groups that give rights. Distribution lists do not, and are no link in a chain either: `tokenGroups` has none."""


@dataclass(frozen=True, slots=True)
class Group:
    """Where a group is, and what it is called: by the attribute of the settings, and by the name unique in a domain."""

    dn: str
    names: frozenset[str]


NOWHERE = Group("", frozenset())


class TokenGroups:
    """Safe for any number of threads."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Group]] = {}
        self._root = ""

    def root(self, link: Link) -> str:
        """The DN of the domain. Raises `ConnectorError` when the server does not say it."""
        if not self._root:
            entry = link.read("", ["defaultNamingContext"])
            self._root = entry.text("defaultNamingContext") if entry else ""
            if not self._root:
                raise ConnectorError(SYSTEM, "the server names no domain: is it Active Directory?")
        return self._root

    def sids(self, link: Link, dn: str) -> frozenset[str]:
        """The security identifiers of every group of an account, its primary one included.

        Raises `ConnectorError` when they may not be read: an account without any group does not exist.
        """
        entry = link.read(dn, ["tokenGroups"])
        values = entry.all("tokenGroups") if entry else ()
        if not values:
            raise ConnectorError(
                SYSTEM, "the service account may not read tokenGroups: put it into Windows Authorization Access Group"
            )
        return frozenset(sid_text(value) for value in values)

    def groups(self, link: Link, sids: Iterable[str]) -> list[Group]:
        """Groups by their identifiers, wherever in the domain they are; those of other domains are left out."""
        wanted, now = frozenset(sids), time.monotonic()
        with self._lock:
            known = {sid: held[1] for sid in wanted if (held := self._known.get(sid)) and held[0] > now}
        name = self._settings.attributes.group_name
        for some in chunks(sorted(wanted - known.keys())):
            filter_ = any_of(equal("objectSid", sid_bytes(sid)) for sid in some)
            attributes = ["objectSid", "sAMAccountName", name]
            found = link.search(self.root(link), all_of("(objectCategory=group)", filter_), attributes)
            fresh = {sid_of(entry): _group(entry, name) for entry in found}
            known |= {sid: fresh.get(sid, NOWHERE) for sid in some}
            with self._lock:
                self._known |= {sid: (now + REMEMBER_SECONDS, fresh.get(sid, NOWHERE)) for sid in some}
        return [group for group in known.values() if group.dn]

    def above_many(self, link: Link, entries: Sequence[Entry]) -> list[frozenset[str]]:
        """The DNs of the groups of many entries, which were read with `memberOf`, `primaryGroupID` and `objectSid`."""
        groups = link.search(self.root(link), SECURITY_GROUPS, ["memberOf", "objectSid"])
        above = Above({group.dn: group.texts("memberOf") for group in groups})
        by_sid = {sid_of(group): group.dn for group in groups}
        found = []
        for entry in entries:
            domain = sid_of(entry).rpartition("-")[0]
            primary = by_sid.get(f"{domain}-{entry.text('primaryGroupID')}", "")
            found.append(frozenset().union(*(above.of(dn) for dn in (*entry.texts("memberOf"), primary))))
        return found


class Above:
    """Each group with all groups it is inside. DNs are compared as the server writes them, in one way only."""

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        self._parents = parents
        self._known: dict[str, frozenset[str]] = {}

    def of(self, group: str) -> frozenset[str]:
        """The group and everything above it; nothing for what is no group that gives rights."""
        if group not in self._known:
            seen: set[str] = set()
            waiting = [group]
            while waiting:
                dn = waiting.pop()
                if dn in self._parents and dn not in seen:
                    seen.add(dn)
                    waiting += self._parents[dn]
            self._known[group] = frozenset(seen)
        return self._known[group]


def _group(entry: Entry, name: str) -> Group:
    names = (entry.text(name), entry.text("sAMAccountName"))
    return Group(entry.dn, frozenset(one for one in names if one))


def sid_of(entry: Entry) -> str:
    """An entry's own identifier. Raises `ConnectorError` when it may not be read."""
    values = entry.all("objectSid")
    if not values:
        raise ConnectorError(SYSTEM, "the service account may not read objectSid")
    return sid_text(values[0])


def chunks(values: Sequence[T]) -> list[Sequence[T]]:
    """Parts of at most `AT_ONCE`."""
    return [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]
