"""Accounts of a real Active Directory that are refused, however they were approved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from connectors.accounts import AccountKind
from connectors.accounts.active_directory import ActiveDirectoryAccounts
from core.errors import ConnectorError
from tests.domain_room import NEW, OLD, Staff, refused
from tests.servers.ldap_front import LdapFront, ldap_front
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import DOMAIN, FIELD, GROUPS, SERVICES, STAFF, settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def domain() -> Domain:
    return shared_domain()


@pytest_asyncio.fixture
async def accounts(domain: Domain) -> AsyncIterator[ActiveDirectoryAccounts]:
    found = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file))
    yield found
    await found.close()


@pytest.fixture
def staff(domain: Domain) -> Iterator[Staff]:
    found = Staff(domain)
    yield found
    found.leave()


@pytest.fixture
def front(domain: Domain) -> Iterator[LdapFront]:
    with ldap_front((domain.address, 636), domain.certificates) as found:
        yield found


@pytest.mark.parametrize(
    "group",
    [
        "Domain Admins",
        "Enterprise Admins",
        "Schema Admins",
        "Administrators",
        "Account Operators",
        "Server Operators",
        "Backup Operators",
        "Print Operators",
        "Group Policy Creator Owners",
        "Cert Publishers",
        "Read-Only Domain Controllers",
    ],
)
async def test_whoever_is_in_such_a_group_is_left_alone(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff, group: str
) -> None:
    name = staff.somebody()
    domain.join(name, group)
    assert await refused(accounts, name) == "account_protected"
    assert domain.signs_in(name, OLD) == "ok"
    domain.leave(name, group)
    await accounts.unlock(name, "a")


async def test_four_groups_deep_is_as_deep_as_one(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody()
    first = staff.group(name)
    second = staff.group(first)
    third = staff.group(second)
    await accounts.unlock(name, "a")
    staff.group(third, inside="Domain Admins")
    assert await refused(accounts, name) == "account_protected"
    account = await accounts.by_id(name)
    assert account is not None
    assert account.kind is AccountKind.PRIVILEGED
    assert {first, second, third} <= account.groups


async def test_a_protected_group_under_another_name_protects_all_the_same(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody()
    domain.join(name, "Backup Operators")
    domain.change("Backup Operators", sAMAccountName="Kopieerders")
    try:
        assert await refused(accounts, name) == "account_protected"
    finally:
        domain.change("Kopieerders", sAMAccountName="Backup Operators")
        domain.leave(name, "Backup Operators")


async def test_a_primary_group_counts_though_no_list_of_members_has_it(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody()
    domain.join(name, "Domain Admins")
    domain.change(name, primaryGroupID="512")
    assert await refused(accounts, name) == "account_protected"
    domain.change(name, primaryGroupID="513")
    domain.leave(name, "Domain Admins")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"adminCount": "1"}, "account_protected"),
        ({"servicePrincipalName": "HTTP/proef.dhb.example"}, "account_protected"),
        ({"employeeType": "Service"}, "account_protected"),
        ({"employeeID": None}, "account_protected"),
        ({"userAccountControl": str(512 | 0x80000)}, "account_protected"),
        ({"userAccountControl": str(512 | 0x1000000)}, "account_protected"),
        ({"userAccountControl": "514"}, "account_disabled"),
        ({"accountExpires": "133000000000000000"}, "account_disabled"),
    ],
    ids=str,
)
async def test_what_is_no_ordinary_persons_account_is_left_alone(
    domain: Domain,
    accounts: ActiveDirectoryAccounts,
    staff: Staff,
    attributes: dict[str, str | None],
    reason: str,
) -> None:
    name = staff.somebody()
    await accounts.unlock(name, "a")
    domain.change(name, **attributes)
    assert await refused(accounts, name) == reason


async def test_nothing_is_done_where_service_accounts_are(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    assert await refused(accounts, staff.somebody(SERVICES)) == "account_protected"


async def test_machines_and_the_accounts_of_the_domain_itself_are_left_alone(domain: Domain) -> None:
    everything = settings(domain.address, domain.ca_file, accounts_bases=DOMAIN)
    accounts = ActiveDirectoryAccounts(everything)
    for name in ("Administrator", "krbtgt", "Guest", "DC1$"):
        assert await refused(accounts, name) == "account_protected"
    await accounts.close()


@pytest.mark.parametrize("how", ["name", "dn", "account"])
async def test_what_the_settings_protect_is_left_alone(domain: Domain, staff: Staff, how: str) -> None:
    name = staff.somebody()
    outer = staff.group(staff.group(name))
    protected = {
        "name": {"protected_groups": f"elsewhere; {outer.upper()}"},
        "dn": {"protected_groups": f"cn={outer},{GROUPS.lower()}"},
        "account": {"protected_accounts": f"someone;{name.upper()}"},
    }[how]
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, **protected))
    assert await refused(accounts, name) == "account_protected"
    await accounts.close()


async def test_a_second_account_of_a_protected_person_is_left_alone(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    main, second = staff.somebody(STAFF, "E8998"), staff.somebody(FIELD, "E8998")
    await accounts.unlock(second, "a")
    domain.join(main, "server-operators")
    assert await refused(accounts, second) == "account_protected"


async def test_a_group_joined_while_the_change_was_under_way_still_counts(
    domain: Domain, front: LdapFront, staff: Staff
) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, urls=front.url))
    name = staff.somebody()
    assert (account := await accounts.by_id(name)) is not None
    assert account.kind is AccountKind.ORDINARY
    front.meanwhile("search", lambda: domain.join(name, "server-operators"))
    assert await refused(accounts, name) == "account_protected"
    await accounts.close()


async def test_another_account_that_takes_the_name_meanwhile_is_not_reached(
    domain: Domain, front: LdapFront, staff: Staff
) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, urls=front.url))
    victim, name = staff.somebody(employee_id="E8997"), staff.somebody()

    def swap() -> None:
        with domain.administrator() as connection:
            for old, new in ((name, "weg"), (victim, name)):
                assert connection.modify_dn(f"CN={old},{STAFF}", f"CN={new}"), connection.result

    front.meanwhile("modify", swap)
    await accounts.set_temporary_credential(name, SecretStr(NEW), "a")
    assert domain.signs_in(victim, OLD) == "ok"
    assert domain.signs_in(name, NEW) == "must_change"
    await accounts.close()


async def test_groups_that_may_not_be_read_stop_everything(domain: Domain, staff: Staff) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file))
    hidden = accounts._entries._dialect.groups
    name = staff.somebody()

    def nothing(_link: object, _dn: str) -> frozenset[str]:
        return type(hidden).sids(hidden, Blind(), _dn)  # type: ignore[arg-type]

    hidden.sids = nothing  # type: ignore[method-assign]
    with pytest.raises(ConnectorError, match="tokenGroups"):
        await accounts.unlock(name, "a")
    await accounts.close()


class Blind:
    """A directory that shows an entry and none of its attributes, as one without the right to read them."""

    def read(self, dn: str, attributes: object) -> object:
        from connectors.ldap.entry import Entry

        return Entry(dn, {})
