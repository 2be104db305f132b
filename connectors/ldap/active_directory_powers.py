"""What an account can change in Active Directory, asked of the directory without changing anything.

Two sources: attributes that the server works out for whoever asks (`allowedAttributesEffective`,
`allowedChildClassesEffective`, `sDRightsEffective`), and the list of rights itself, because the right to reset a
password is not the right to write an attribute and stands in none of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.ldap.access_rights import DACL_ONLY, EVERYBODY, RESET_PASSWORD, Right, may_act, rights
from connectors.ldap.active_directory import sid_bytes, sid_text
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, any_of, dn_key, dn_parts, equal
from core.errors import ConnectorError

SYSTEM = "accounts"
EFFECTIVE = ("allowedAttributesEffective", "allowedChildClassesEffective", "sDRightsEffective")
PEOPLE = "(&(objectCategory=person)(objectClass=user))"
MOST_PLACES = 60
"""At most so many different containers are looked at: rights are given to containers, not to people."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the asking account may do to one object."""

    dn: str
    attributes: frozenset[str]
    children: frozenset[str]
    resets_password: bool
    changes_rights: bool


def powers_in_active_directory(link: Link, settings: LdapSettings) -> Sequence[str]:
    """In words for a person, each once; empty for an account that only reads. Raises what `Link` raises."""
    return tuple(sorted({power for sample in samples(link, settings) for power in _words(sample)}))


def samples(link: Link, settings: LdapSettings) -> list[Sample]:
    """One person or account of each container, one group of each container, and the containers."""
    sids = whoever_asks(link)
    own = _own_dn(link, sids)
    people = [dn for base in settings.bases_of_accounts for dn in _one_of_each(link, base, PEOPLE, own)]
    groups = _one_of_each(link, settings.groups_base, "(objectCategory=group)", own)
    containers = [*settings.bases_of_accounts, settings.groups_base]
    return [sample for dn in dict.fromkeys([*people, *groups, *containers]) if (sample := _sample(link, dn, sids))]


def whoever_asks(link: Link) -> frozenset[str]:
    """The identifiers of the account that is signed in and of all its groups. Raises `ConnectorError`."""
    entry = link.read("", ["tokenGroups"])
    found = entry.all("tokenGroups") if entry else ()
    if not found:
        raise ConnectorError(SYSTEM, "the server does not say who is signed in: is it Active Directory?")
    return frozenset(sid_text(value) for value in found) | EVERYBODY


def list_of_rights(link: Link, dn: str) -> list[Right] | None:
    """The list of rights of an object. Raises `ConnectorError` when it may not be read: then nothing is certain."""
    found = link.search(dn, "(objectClass=*)", ["nTSecurityDescriptor"], scope="BASE", controls=[DACL_ONLY])
    values = found[0].all("nTSecurityDescriptor") if found else ()
    if not values:
        raise ConnectorError(SYSTEM, "the service account may not read the rights of an object (Read Permissions)")
    return rights(values[0])


def _sample(link: Link, dn: str, sids: frozenset[str]) -> Sample | None:
    entry = link.read(dn, EFFECTIVE)
    if entry is None:
        return None
    return Sample(
        dn,
        frozenset(entry.texts("allowedAttributesEffective")),
        frozenset(entry.texts("allowedChildClassesEffective")),
        may_act(list_of_rights(link, dn), sids, RESET_PASSWORD),
        entry.text("sDRightsEffective") not in ("", "0"),
    )


def _words(sample: Sample) -> Iterator[str]:
    if sample.resets_password:
        yield "passwords"
    if sample.changes_rights:
        yield "access rights"
    if sample.children:
        yield "new entries"
    yield from (f"the attribute {name}" for name in sorted(sample.attributes)[:5])


def _one_of_each(link: Link, base: str, filter_: str, own: tuple[object, ...]) -> list[str]:
    """Of each container one, and one besides that AdminSDHolder protects, whose list of rights is another."""
    found: dict[tuple[object, ...], str] = {}
    for entry in link.search(base, filter_, ("adminCount",)):
        key = dn_key(entry.dn)
        if key != own:
            found.setdefault((entry.text("adminCount") in ("", "0"), *key[1:]), entry.dn)
    return _spread(found.values())


def _spread(dns: Iterable[str]) -> list[str]:
    return sorted(dns, key=lambda dn: (len(dn_parts(dn)), dn))[:MOST_PLACES]


def _own_dn(link: Link, sids: frozenset[str]) -> tuple[object, ...]:
    """Everybody may write some attributes of their own entry: that is no power over others."""
    root = link.read("", ["defaultNamingContext"])
    own = any_of(equal("objectSid", sid_bytes(sid)) for sid in sorted(sids))
    found = link.search(root.text("defaultNamingContext"), all_of("(objectClass=user)", own), ()) if root else []
    return dn_key(found[0].dn) if found else ()
