"""Finding people among five thousand of a real OpenLDAP: few questions, and the same people as one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from connectors.directory.ldap import LdapDirectory
from connectors.directory.ldap_finding import find_people
from connectors.ldap.dialect import dialect_of
from connectors.ldap.groups import GroupsAbove
from connectors.ldap.link import Link
from connectors.ldap.matched_values import only_values
from connectors.ldap.people import People
from connectors.ldap.session import LdapSession
from connectors.ldap.values import any_of, equal
from core.people import Employee
from tests.servers.openldap import shared_openldap
from tests.servers.openldap_seed import GROUPS, PEOPLE

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def session() -> AsyncIterator[LdapSession]:
    """5,000 people and the sample staff; no hurry, the machine may be busy."""
    found = LdapSession(shared_openldap(5000).settings(total_seconds=60, read_seconds=60))
    yield found
    await found.close()


class Counting:
    """A connection that counts what is asked over it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.asked: list[tuple[Any, ...]] = []

    def search(self, *arguments: Any, **more: Any) -> Any:
        """A question."""
        self.asked.append(arguments)
        return self._link.search(*arguments, **more)

    def read(self, dn: str, attributes: Any) -> Any:
        """A question, too."""
        self.asked.append((dn,))
        return self._link.read(dn, attributes)


@pytest.mark.parametrize("words", ["Merte", "Niels Mertens", "sanne", "P00042", "nobody is called so"])
async def test_finding_somebody_takes_at_most_five_questions(session: LdapSession, words: str) -> None:
    settings = session.settings

    def work(link: Link) -> tuple[list[Employee], int]:
        counting: Any = Counting(link)
        dialect = dialect_of(settings)
        people = People(counting, settings, dialect)
        found = find_people(counting, settings, people, People.wanted(settings, dialect), words, 25)
        return found, len(counting.asked)

    found, questions = await session.run(work)
    assert questions <= 5
    assert bool(found) == (not words.startswith("nobody"))


async def test_who_is_found_is_as_complete_as_when_asked_for_by_number() -> None:
    directory = LdapDirectory(shared_openldap(5000).settings(total_seconds=60, read_seconds=60))
    for words in ("Merte", "koen", "Tom Bakker", "Okke Merenskamp"):
        found = await directory.find(words, 25)
        assert found
        for person in found:
            assert person == await directory.by_id(person.employee_id)
    await directory.close()


async def test_many_asked_at_once_have_the_groups_that_each_has_alone(session: LdapSession) -> None:
    """Without `memberOf`, so that every level of nesting is asked for."""
    settings = session.settings

    def work(link: Link) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
        names = ("uid=p0011*", "uid=koen.timmermans", "uid=sanne.dewit")
        people = [one for name in names for one in link.search(PEOPLE, f"({name})", ())]
        together = GroupsAbove(link, settings).of_all([(one, ()) for one in people])
        return together, [GroupsAbove(link, settings).of(one) for one in people]

    together, alone = await session.run(work)
    assert len(together) == 12
    assert together == alone
    # a server operator, four groups deep
    assert {"cn=backup-operators", "cn=domain-admins"} <= {name.split(",")[0] for name in together[10]}


async def test_of_a_group_of_thousands_only_who_was_asked_about_is_sent(session: LdapSession) -> None:
    asked = [f"uid=p{number:05d},{PEOPLE}" for number in (7, 4999)]

    def work(link: Link) -> dict[str, tuple[str, ...]]:
        filter_ = any_of(equal("member", dn) for dn in asked)
        found = link.search(GROUPS, filter_, ("member",), controls=[only_values("member", asked)])
        return {entry.dn.split(",")[0]: entry.texts("member") for entry in found}

    held = await session.run(work)
    assert sorted(held["cn=all-staff"]) == asked
    assert held["cn=team-07"] == (asked[0],)
    assert held["cn=team-19"] == (asked[1],)


async def test_doctor_sees_the_indexes_of_the_page_and_tries_one(session: LdapSession) -> None:
    directory = LdapDirectory(session.settings)
    seen = {one.what: one for one in await directory.examine()}
    await directory.close()
    assert (seen["indexes"].good, seen["indexes"].detail) == (True, "are there")
    assert (seen["names"].good, seen["names"].detail) == (True, "are found by a piece of them")
