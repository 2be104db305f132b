"""What Windows does and Samba does not, as [MS-ADTS] describes it: answered from memory where no server can be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.ldap.entry import Entry
from connectors.ldap.nested_members import MANY, NestedMembers
from connectors.ldap.token_groups import SECURITY_GROUPS, TokenGroups
from tests.servers.samba_ad_staff import DOMAIN, GROUPS, STAFF, settings

PART = 1500
"""MaxValRange: so many values of one attribute in one answer."""
CHOSEN = settings("dc1.dhb.example", Path("unused.pem"))


class Windows:
    """A domain controller with one group of many members, who may be inside another group."""

    def __init__(self, members: int, inner: int = 0) -> None:
        self.people = {f"CN=P{number},{STAFF}": number for number in range(members)}
        self.inner = list(self.people)[:inner]
        self.groups = {f"CN=grote-groep,{GROUPS}": [*list(self.people)[inner:], f"CN=kleine-groep,{GROUPS}"]}
        self.groups[f"CN=kleine-groep,{GROUPS}"] = [*self.inner, f"CN=grote-groep,{GROUPS}"]
        self.questions = 0
        self.longest = 0

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        self.questions += 1
        if dn == "":
            return Entry("", {"defaultnamingcontext": (DOMAIN.encode(),)})
        (wanted,) = attributes
        held = self.groups.get(dn, [])
        start = int(wanted.partition(";range=")[2].partition("-")[0] or 0)
        part = held[start : start + PART]
        self.longest = max(self.longest, len(part))
        values = tuple(name.encode() for name in part)
        if len(held) <= PART:
            return Entry(dn, {"member": values})
        end = "*" if start + PART >= len(held) else str(start + len(part) - 1)
        return Entry(dn, {"member": (), f"member;range={start}-{end}": values})

    def search(
        self, base: str, filter_: str, attributes: Sequence[str], *, scope: str = "SUBTREE", **_: object
    ) -> list[Entry]:
        self.questions += 1
        if filter_ == SECURITY_GROUPS:
            found = [dn for dn in self.groups if scope == "SUBTREE" or dn == base]
            return [Entry(dn, {"objectsid": (_sid(len(dn)),)}) for dn in found]
        if "primaryGroupID" in filter_:
            return []
        found = [dn for dn in self.people if scope == "SUBTREE" or dn == base]
        return [Entry(dn, {"employeeid": (f"E{self.people[dn]}".encode(),)}) for dn in found]


def _sid(number: int) -> bytes:
    return bytes([1, 1, 0, 0, 0, 0, 0, 5]) + number.to_bytes(4, "little")


@pytest.mark.parametrize("members", [0, 1, MANY, MANY + 1, PART, PART + 1, 2 * PART, 2 * PART + 7])
def test_no_member_is_lost_where_a_list_comes_in_parts(members: int) -> None:
    server = Windows(members, inner=members // 3)
    walk = NestedMembers(server, CHOSEN, TokenGroups(CHOSEN), ["employeeID"])  # type: ignore[arg-type]
    found = walk.of(f"CN=grote-groep,{GROUPS}")
    assert {entry.text("employeeID") for entry in found} == {f"E{number}" for number in range(members)}
    assert len(found) == members
    assert server.longest <= PART
    assert server.questions < 3 * MANY


def test_a_group_that_is_not_there_has_no_members() -> None:
    walk = NestedMembers(Windows(3), CHOSEN, TokenGroups(CHOSEN), ["employeeID"])  # type: ignore[arg-type]
    assert walk.of(f"CN=geen,{GROUPS}") == []
