"""Many entries by their names, in as few questions as will do."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, any_of, dn_key, equal

AT_ONCE = 100
"""So many names go into one question."""
MANY = 1000
"""From so many on, reading all there is and picking is quicker than asking by name."""
OWN_NAME = {"openldap": "entryDN", "active_directory": "distinguishedName"}
"""The attribute that holds an entry's own name and can be searched for."""


def by_name(
    link: Link, settings: LdapSettings, base: str, filter_: str, names: Sequence[str], attributes: Sequence[str]
) -> list[Entry]:
    """The entries under `base` with these names that fit the filter, in no order; names of nothing are left out."""
    if len(names) > MANY:
        wanted = {dn_key(name) for name in names}
        return [entry for entry in link.search(base, filter_, attributes) if dn_key(entry.dn) in wanted]
    own_name, found = OWN_NAME[settings.kind], []
    for some in in_parts(names):
        named = any_of(equal(own_name, name) for name in some)
        found += link.search(base, all_of(filter_, named), attributes)
    return found


def in_parts(names: Sequence[str]) -> list[Sequence[str]]:
    """As many at a time as go into one question."""
    return [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
