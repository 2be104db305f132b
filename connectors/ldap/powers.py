"""What an account can change on a server that does not say so: asked by changes that cannot happen.

OpenLDAP has no way to read one's own rights. It checks them before anything else, though: a modification that would
delete two values of which at least one is not there is refused either as forbidden or as impossible, and changes
nothing in either case.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from connectors.ldap.link import Link
from connectors.ldap.openldap import LOCKED_AT, MUST_CHANGE
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import dn_key
from core.errors import ConnectorError

INVALID_SYNTAX = 21
MOST_TRIED = 5
"""So many entries of each place are tried: rights are given to places and kinds, seldom to single entries."""
FORBIDDEN = frozenset({50, 32, 17, 53, 10})
"""No right; not to be seen; no such attribute; this server takes no changes; only another one does."""
GROUPS = "groups"
VALUES = {MUST_CHANGE: (b"FALSE", b"TRUE"), LOCKED_AT: (b"19700101000001Z", b"19700101000002Z")}


def may_change(link: Link, dn: str, attribute: str, *, names: bool = False) -> bool:
    """May the account that is signed in write this attribute of this entry? Nothing is changed.

    `names`: the attribute holds DNs. Raises `ConnectorError` when the server stumbles over the values before it looks
    at the rights.
    """
    first, second = VALUES.get(attribute) or (secrets.token_hex(16).encode(), secrets.token_hex(16).encode())
    if names:
        first, second = b"cn=" + first, b"cn=" + second
    code = link.try_impossible(dn, attribute, first, second)
    if code == INVALID_SYNTAX:
        raise ConnectorError("directory", f"the server does not say whether the account may write {attribute}")
    return code not in FORBIDDEN


def powers_of(link: Link, settings: LdapSettings) -> Sequence[str]:
    """What it can change of some people, accounts and groups, in words for an administrator; nothing is changed."""
    if settings.kind == "active_directory":  # which says it when it is asked
        from connectors.ldap.active_directory_powers import powers_in_active_directory

        return powers_in_active_directory(link, settings)
    names = settings.attributes
    of_accounts = {"passwords": "userPassword", "lock-outs": LOCKED_AT, "forced changes": MUST_CHANGE}
    of_people = {"channel identities": names.identity, "mobile numbers": names.mobile,
                 "private addresses": names.private_mail, "employee numbers": names.employee_id}  # fmt: skip
    found: dict[str, None] = {}
    for base in settings.bases_of_accounts:
        found |= _can(link, base, settings.filter_of_accounts, of_accounts)
    found |= _can(link, settings.people_base, settings.filter_of_people, of_people)
    found |= _can(link, settings.groups_base, f"({names.member}=*)", {GROUPS: names.member})
    return tuple(found)


def _can(link: Link, base: str, filter_: str, attributes: Mapping[str, str]) -> dict[str, None]:
    own = dn_key(link.signed_in_as)
    some = link.search(base, filter_, (), enough=MOST_TRIED + 1)[: MOST_TRIED + 1]
    others = [entry.dn for entry in some if dn_key(entry.dn) != own]  # one's own password is no power over others
    return {
        power: None
        for power, attribute in attributes.items()
        if attribute and any(may_change(link, dn, attribute, names=power == GROUPS) for dn in others)
    }
