"""People and rights in a real Active Directory, what the two accounts of Loket may do there, and what a look finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from connectors.accounts.active_directory import ActiveDirectoryAccounts, ActiveDirectoryReader
from connectors.directory.ldap import LdapDirectory
from connectors.examination import Seen
from core.errors import ConfigError, ConnectorError
from loket.service.least_privilege import refuse_powers
from loket.service.roles import Role
from tests.servers.certificates import Certificates
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import (
    ADMINS,
    FIELD,
    GROUPS,
    READER,
    READER_PASSWORD,
    REALM,
    RESETTER,
    RESETTER_PASSWORD,
    STAFF,
    settings,
)

pytestmark = pytest.mark.slow
TOM = "tom.bakker"


@pytest.fixture(scope="module")
def domain() -> Domain:
    return shared_domain()


@pytest_asyncio.fixture
async def directory(domain: Domain) -> AsyncIterator[LdapDirectory]:
    found = LdapDirectory(settings(domain.address, domain.ca_file))
    yield found
    await found.close()


@contextmanager
def groups(domain: Domain, *names: str, base: str = GROUPS) -> Iterator[None]:
    """Nested groups, each inside the next; Tom is in the first."""
    for name in names:
        domain.add_group(name, base=base)
    for inner, outer in zip((TOM, *names), names, strict=False):
        domain.join(inner, outer)
    try:
        yield
    finally:
        for name in names:
            domain.delete(name)


async def rights(directory: LdapDirectory, employee_id: str = "E1002") -> frozenset[str]:
    found = await directory.by_id(employee_id)
    assert found is not None
    return found.groups


async def in_group(directory: LdapDirectory, name: str) -> list[str]:
    return [person.employee_id for person in await directory.members(name)]


async def test_rights_come_through_any_depth_and_through_groups_elsewhere(
    domain: Domain, directory: LdapDirectory
) -> None:
    with groups(domain, "ploeg"), groups(domain, "afdeling-elders", base=ADMINS):
        domain.add_group("sluizen", ["afdeling-elders"])
        domain.join("ploeg", "afdeling-elders")
        try:
            assert {"ploeg", "sluizen"} <= await rights(directory)
            assert "afdeling-elders" not in await rights(directory)  # it lies where groups give no rights
            assert await in_group(directory, "sluizen") == ["E1002"]
        finally:
            domain.delete("sluizen")


async def test_a_right_is_gone_at_the_next_question(domain: Domain, directory: LdapDirectory) -> None:
    with groups(domain, "ploeg", "dienst"):
        assert {"ploeg", "dienst"} <= await rights(directory)
        domain.leave("ploeg", "dienst")
        assert "dienst" not in await rights(directory)
        assert await in_group(directory, "dienst") == []


async def test_a_distribution_list_gives_no_rights_and_is_no_link_in_a_chain(
    domain: Domain, directory: LdapDirectory
) -> None:
    with groups(domain, "ploeg", "nieuwsbrief", "dienst"):
        domain.change("nieuwsbrief", groupType="2")
        assert {"nieuwsbrief", "dienst"}.isdisjoint(await rights(directory))
        assert await in_group(directory, "nieuwsbrief") == []
        assert await in_group(directory, "dienst") == []


async def test_groups_that_hold_each_other_end(domain: Domain, directory: LdapDirectory) -> None:
    with groups(domain, "ploeg", "dienst"):
        domain.join("dienst", "ploeg")
        assert {"ploeg", "dienst"} <= await rights(directory)
        assert await in_group(directory, "ploeg") == ["E1002"]


async def test_the_members_by_primary_group_are_members(domain: Domain, directory: LdapDirectory) -> None:
    with groups(domain, "ploeg"):
        domain.change(TOM, primaryGroupID=domain.sid("ploeg").rpartition("-")[2])
        try:
            assert "ploeg" in await rights(directory)
            assert await in_group(directory, "ploeg") == ["E1002"]
        finally:
            domain.change(TOM, primaryGroupID="513")


async def test_one_at_a_time_and_all_at_once_give_the_same_groups(directory: LdapDirectory) -> None:
    everybody = await directory.members("all-staff")
    assert len(everybody) > 40  # more than are asked for one by one
    for person in everybody[::6]:
        alone = await directory.by_id(person.employee_id)
        assert alone is not None
        assert alone.groups == person.groups


async def test_a_new_phone_number_is_noticed_and_a_new_title_is_not(domain: Domain, directory: LdapDirectory) -> None:
    before = await directory.contact("E1044")
    domain.change("ravi.bhattacharya", title="Senior data analyst")
    domain.lock_account("ravi.bhattacharya")
    after_title = await directory.contact("E1044")
    domain.change("ravi.bhattacharya", mobile="+31655509999")
    after_phone = await directory.contact("E1044")
    domain.change("ravi.bhattacharya", mobile=None, lockoutTime="0")
    after_removal = await directory.contact("E1044")
    assert before is not None
    assert after_title is not None
    assert after_phone is not None
    assert after_removal is not None
    assert datetime.now(UTC) - before.changed_at > timedelta(days=600)
    assert after_title.changed_at == before.changed_at
    assert datetime.now(UTC) - after_phone.changed_at < timedelta(minutes=1)
    assert after_removal.mobile is None
    assert after_removal.changed_at >= after_phone.changed_at
    domain.change("ravi.bhattacharya", mobile="+31655501044", title="Data analyst")


async def test_where_a_change_cannot_be_dated_any_change_counts(domain: Domain) -> None:
    odd = LdapDirectory(settings(domain.address, domain.ca_file, private_mail_attribute="extensionName"))
    domain.change("hanneke.prins", title="Traffic controller of the night")
    found = await odd.contact("E1041")
    assert found is not None
    assert datetime.now(UTC) - found.changed_at < timedelta(minutes=5)
    domain.change("hanneke.prins", title="Traffic controller")
    await odd.close()


async def test_an_account_that_has_ended_is_a_person_who_has_left(domain: Domain, directory: LdapDirectory) -> None:
    domain.change("hanneke.prins", accountExpires="133000000000000000")
    try:
        found = await directory.by_id("E1041")
        assert found is not None
        assert not found.active
    finally:
        domain.change("hanneke.prins", accountExpires="0")


# --- what the accounts of Loket may do -------------------------------------------------------------------------


async def powers_of(domain: Domain, account: str, password: str) -> Sequence[str]:
    reader = ActiveDirectoryReader(
        settings(domain.address, domain.ca_file, bind_dn=f"{account}@{REALM}", bind_password=password)
    )
    try:
        return await reader.powers()
    finally:
        await reader.close()


async def test_the_reading_account_has_no_power_and_the_other_exactly_three(domain: Domain) -> None:
    assert await powers_of(domain, READER, READER_PASSWORD) == ()
    assert set(await powers_of(domain, RESETTER, RESETTER_PASSWORD)) == {
        "passwords",
        "the attribute lockoutTime",
        "the attribute pwdLastSet",
    }


async def test_a_directory_on_active_directory_tells_its_powers_too(domain: Domain, directory: LdapDirectory) -> None:
    assert list(await directory.powers()) == []
    mighty = settings(domain.address, domain.ca_file, bind_dn=f"{RESETTER}@{REALM}", bind_password=RESETTER_PASSWORD)
    other = LdapDirectory(mighty)
    assert "passwords" in await other.powers()
    await other.close()


async def test_an_agent_does_not_start_with_the_account_that_resets(domain: Domain) -> None:
    refuse_powers(Role.AGENT, await powers_of(domain, READER, READER_PASSWORD))
    with pytest.raises(ConfigError, match="passwords"):
        refuse_powers(Role.AGENT, await powers_of(domain, RESETTER, RESETTER_PASSWORD))


@pytest.mark.parametrize(("group", "power"), [("Account Operators", "new entries"), ("Domain Admins", "access rights")])
async def test_a_reading_account_in_a_mighty_group_is_found_out(domain: Domain, group: str, power: str) -> None:
    domain.join(READER, group)
    try:
        found = await powers_of(domain, READER, READER_PASSWORD)
        assert {"passwords", power} <= set(found)
    finally:
        domain.leave(READER, group)


async def test_a_right_over_one_far_corner_is_found(domain: Domain) -> None:
    with domain.reset_right(READER, FIELD):
        assert await powers_of(domain, READER, READER_PASSWORD) == ("passwords",)
    assert await powers_of(domain, READER, READER_PASSWORD) == ()


# --- what a look finds -----------------------------------------------------------------------------------------


async def look(domain: Domain, **changes: object) -> dict[str, Seen]:
    """What both accounts see, by what was looked at; the worse of two."""
    found: dict[str, Seen] = {}
    for kind in (ActiveDirectoryReader, ActiveDirectoryAccounts):
        connector = kind(settings(domain.address, domain.ca_file, **changes))
        for seen in await connector.examine():
            if seen.what not in found or not seen.good:
                found[seen.what] = seen
        await connector.close()
    return found


async def test_what_the_page_says_to_set_up_is_seen_to_be_good(domain: Domain) -> None:
    found = await look(domain)
    assert [seen for seen in found.values() if not seen.good and seen.what != "protected group DnsAdmins"] == []
    assert found["right to reset passwords and to unlock"].detail == "present in 2 containers"
    assert found["rights of the reading account"].detail == "it can change nothing"
    assert "locked after 3 wrong tries for 30 minutes" in found["password rules"].detail
    assert all(not seen.advice for seen in found.values() if seen.good)


async def test_an_ou_without_the_delegation_is_named(domain: Domain) -> None:
    found = (await look(domain, people_base=ADMINS))["right to reset passwords and to unlock"]
    assert found.good  # the only account there is an administrator's
    domain.add_account("gewone.gebruiker", ADMINS, "Havenlicht-Oud-42", employeeID="E8001")
    beside = [f"adm-proef{number}" for number in range(6)]  # one person among many administrators is seen all the same
    for name in beside:
        domain.add_account(name, ADMINS, adminCount="1")
    try:
        found = (await look(domain))["right to reset passwords and to unlock"]
        assert not found.good
        assert ADMINS in found.detail
        assert "dsacls" in found.advice
    finally:
        for name in ("gewone.gebruiker", *beside):
            domain.delete(name)


async def test_an_identity_that_people_write_themselves_is_found(domain: Domain) -> None:
    found = (await look(domain, identity_attribute="info"))["attributes that say who somebody is"]
    assert not found.good
    assert "info" in found.detail


async def test_what_is_missing_is_said_by_name(domain: Domain) -> None:
    found = await look(domain, people_base=f"OU=Nergens,{STAFF}", protected_groups="domain-admins;bestaat-niet")
    assert not found[f"people in OU=Nergens,{STAFF}"].good
    assert not found["protected group bestaat-niet"].good
    assert not found["protected group bestaat-niet"].fatal


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bind_password": "Fout-1", "write_bind_password": "Fout-1"}, "wrong"),
        ({"urls": "ldaps://localhost:1"}, "localhost"),
    ],
    ids=["password", "nobody there"],
)
async def test_bad_settings_give_one_clear_line(domain: Domain, changes: dict[str, str], told: str) -> None:
    found = await look(domain, **changes)
    bad = [seen for seen in found.values() if not seen.good]
    assert len(bad) <= 2  # the server, and then the sign-in
    assert all(told in seen.detail for seen in bad)
    assert "Fout-1" not in str(found)


async def test_a_certificate_of_another_authority_is_not_accepted(domain: Domain, tmp_path: Path) -> None:
    other = Certificates(tmp_path, "Somebody else")
    found = await look(domain, ca_file=other.ca_file)
    assert found
    assert all(not seen.good and "certificate" in seen.detail for seen in found.values())


async def test_lookups_are_quick_even_together(directory: LdapDirectory) -> None:
    found = await asyncio.gather(*(directory.by_id(f"E10{number:02}") for number in range(1, 41)))
    assert all(person is not None for person in found)


async def test_a_closed_directory_says_so(domain: Domain) -> None:
    closed = LdapDirectory(settings(domain.address, domain.ca_file))
    await closed.close()
    with pytest.raises(ConnectorError):
        await closed.by_id("E1001")
