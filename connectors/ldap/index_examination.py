"""Which indexes an OpenLDAP has for what is asked of it, as far as the reading account may see, for `loket doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.examination import Seen
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.refusal import RefusedByServer
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, contains, equal, is_under

CONFIGURATION = "cn=config"
PAGE = "docs/connect-ldap.md, step 3"
SHORTEST_PIECE = 5
Indexes = dict[str, set[str]]


def indexes(link: Link, settings: LdapSettings, people: Sequence[Entry]) -> Iterator[Seen]:
    """What is missing, and whether a name is found by a piece of it. `people` were read with their names."""
    lines = _lines(link, settings)
    if lines is None:
        detail = "cannot be seen by this account; see that they are those of the page"
        yield Seen("indexes", True, detail, PAGE, fatal=False)
    else:
        lacking = missing(lines, settings)
        detail = f"missing, so that lookups are slow: {'; '.join(lacking)}" if lacking else "are there"
        yield Seen("indexes", not lacking, detail, PAGE if lacking else "", fatal=False)
    yield from _pieces(link, settings, people)


def missing(lines: Sequence[str], settings: LdapSettings) -> list[str]:
    """What lookups need and these lines of `olcDbIndex` do not have, written as such lines."""
    names, held = settings.attributes, _held(lines)
    needed = [(name, "eq") for name in (names.employee_id, names.account_id, names.mail, names.member, names.identity)]
    needed += [(names.name, "sub")]
    return [f"{name} {kind}" for name, kind in needed if name and kind not in held.get(name.lower(), set())]


def _held(lines: Sequence[str]) -> Indexes:
    """Kinds of index by attribute in lower case. A line without kinds has those of the line `default`."""
    held: Indexes = {}
    for line in lines:
        attributes, _, kinds = line.strip().partition(" ")
        given = {kind for kind in kinds.replace(" ", "").lower().split(",") if kind}
        for attribute in attributes.lower().split(","):
            held.setdefault(attribute, set()).update(given or held.get("default", set()))
    # `subany` is the part of `sub` that finds a name by its middle.
    return {name: kinds | {"sub"} if "subany" in kinds else kinds for name, kinds in held.items()}


def _lines(link: Link, settings: LdapSettings) -> list[str] | None:
    """The lines of the databases that hold the people and the groups; None where they may not be seen."""
    try:
        databases = link.search(CONFIGURATION, "(olcSuffix=*)", ("olcSuffix", "olcDbIndex"))
    except RefusedByServer:
        return None
    bases = (settings.people_base, settings.groups_base)
    ours = [one for one in databases if any(is_under(base, top) for base in bases for top in one.texts("olcSuffix"))]
    return [line for one in ours for line in one.texts("olcDbIndex")] if ours else None


def _pieces(link: Link, settings: LdapSettings, people: Sequence[Entry]) -> Iterator[Seen]:
    """An index that was made with other lengths than are in force answers pieces of names with nobody."""
    name = settings.attributes.name
    somebody = next(
        (one for one in people if len(one.text(name)) >= SHORTEST_PIECE + 2 and one.text(name).isascii()), None
    )
    if somebody is None:
        return
    piece, same = somebody.text(name)[1 : 1 + SHORTEST_PIECE], equal(name, somebody.text(name))
    found = link.search(settings.people_base, all_of(settings.filter_of_people, same, contains(name, piece)), ())
    good = any(one.dn == somebody.dn for one in found)
    detail = (
        "are found by a piece of them"
        if good
        else "are not found by a piece of them: the index is not the one in force"
    )
    yield Seen("names", good, detail, "" if good else f"stop slapd, run slapindex, start it ({PAGE})")
