"""What is changed of an account in a real Active Directory, and that a name is only ever a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import pytest_asyncio
from pydantic import SecretStr

from connectors.accounts import AccountKind
from connectors.accounts.active_directory import ActiveDirectoryAccounts
from connectors.ldap.server_clock import ServerClocks
from core.errors import ConnectorError, Refused
from tests.domain_room import NEW, OLD, Staff, refused_as
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import ADMINS, FIELD, STAFF, settings

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


async def test_a_new_password_must_be_changed_and_the_old_one_is_gone(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name, began = staff.somebody(), datetime.now(UTC)
    await accounts.set_temporary_credential(name, SecretStr(NEW), "a-1")
    assert domain.signs_in(name, NEW) == "must_change"
    assert domain.signs_in(name, OLD) == "no"
    account = await accounts.by_id(name)
    assert account is not None
    assert account.credential_changed_at is not None
    assert began - timedelta(seconds=1) <= account.credential_changed_at <= datetime.now(UTC)


async def test_a_lock_out_stays_until_it_is_lifted(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody()
    domain.lock_account(name)
    await accounts.set_temporary_credential(name, SecretStr(NEW), "a-1")
    assert domain.signs_in(name, NEW) == "locked"
    account = await accounts.by_id(name)
    assert account is not None
    assert account.locked
    assert account.unlocked_at is None
    await accounts.unlock(name, "a-2")
    assert domain.signs_in(name, NEW) == "must_change"
    account = await accounts.by_id(name)
    assert account is not None
    assert not account.locked
    assert account.unlocked_at is not None
    assert datetime.now(UTC) - account.unlocked_at < timedelta(seconds=30)


async def test_password_and_mark_are_one_change_both_or_neither(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody(ADMINS)  # where nothing is delegated
    assert await refused_as(accounts, name) == "not_delegated"
    assert domain.signs_in(name, OLD) == "ok"
    with pytest.raises(Refused) as refusal:
        await accounts.unlock(name, "a")
    assert refusal.value.reason == "not_delegated"


async def test_what_the_password_rules_refuse_is_said_so_that_somebody_can_act(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    name = staff.somebody()
    assert await refused_as(accounts, name, "Short-1") == "password_too_short"
    assert await refused_as(accounts, name, "alllowercaseletters") == "password_rules"
    assert domain.signs_in(name, OLD) == "ok"


@pytest.mark.parametrize(
    ("flag", "reason"), [(0x10000, "password_never_expires"), (0x40000, "smart_card_only")], ids=str
)
async def test_a_password_that_would_not_be_temporary_is_not_set(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff, flag: int, reason: str
) -> None:
    name = staff.somebody()
    domain.change(name, userAccountControl=str(512 | flag))
    before = domain.written_at(name, "unicodePwd")
    assert await refused_as(accounts, name) == reason
    assert domain.written_at(name, "unicodePwd") == before
    await accounts.unlock(name, "a")


async def test_passwords_may_hold_any_letter(domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff) -> None:
    name, secret = staff.somebody(), 'Zażółć-"Gęślą"-7 Jaźń 🦢'
    await accounts.set_temporary_credential(name, SecretStr(secret), "a")
    assert domain.signs_in(name, secret) == "must_change"


async def test_the_ordinary_account_among_the_people_comes_first(
    accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    field = staff.somebody(FIELD, "E8999")
    admin = staff.somebody(ADMINS, "E8999", adminCount="1")
    main = staff.somebody(STAFF, "E8999", mail="proef@dhb.example")
    found = await accounts.of("E8999")
    assert [account.account_id for account in found] == [main, field, admin]
    assert found[2].kind is AccountKind.PRIVILEGED
    assert list(await accounts.of("e8999")) == []


async def test_the_time_of_a_change_is_told_by_our_clock(
    accounts: ActiveDirectoryAccounts, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = staff.somebody()
    await accounts.set_temporary_credential(name, SecretStr(NEW), "a")
    monkeypatch.setattr(ServerClocks, "ahead", lambda _self, _link: timedelta(minutes=5))
    account = await accounts.by_id(name)
    assert account is not None
    assert account.credential_changed_at is not None
    assert abs(datetime.now(UTC) - timedelta(minutes=5) - account.credential_changed_at) < timedelta(seconds=10)


# --- names that are no names -----------------------------------------------------------------------------------

NASTY = [
    "*", "*)(sAMAccountName=*", "tom.bakker)(objectClass=*", "(|(a=b)", "\\2a", "\\", "\0", "tom.bakker\0", "",
    " ", "a" * 3000, "tom.bakker,OU=Staff", "<SID=S-1-5-32-544>", "<GUID=00>", "🦢", "\u202etom.bakker", "tom.bakker*",
    "&", "|(sAMAccountName=*)", "Administrator)(!(x=y)", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY, ids=ascii)
async def test_a_name_is_only_ever_a_name(accounts: ActiveDirectoryAccounts, name: str) -> None:
    assert await accounts.by_id(name) is None
    assert list(await accounts.of(name)) == []
    with pytest.raises(ConnectorError, match="no such account"):
        await accounts.unlock(name, "a")


async def test_five_hundred_names_full_of_signs_reach_nobody(accounts: ActiveDirectoryAccounts) -> None:
    chance, signs = Random(11), '*()\\\0|&!=~<>,+";#/ .tomsanébakker-_%\n'
    names = [
        "tom.bakker" * chance.randint(0, 1) + "".join(chance.choices(signs, k=chance.randint(1, 12)))
        for _ in range(500)
    ]
    for start in range(0, len(names), 50):
        some = names[start : start + 50]
        for name, account in zip(some, await asyncio.gather(*map(accounts.by_id, some)), strict=True):
            assert account is None, ascii(name)


async def test_an_account_with_odd_letters_in_its_place_is_reached(
    domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff
) -> None:
    with domain.administrator() as connection:
        unit = f"OU=Zwolle\\, (Noord) * \\\\ Zuid,{STAFF}"
        assert connection.add(unit, "organizationalUnit"), connection.result
    name = staff.somebody(unit)
    outer = staff.group(staff.group(name))
    await accounts.set_temporary_credential(name, SecretStr(NEW), "a")
    assert domain.signs_in(name, NEW) == "must_change"
    assert (account := await accounts.by_id(name)) is not None
    assert outer in account.groups
    staff.leave()
    staff._made.clear()
    with domain.administrator() as connection:
        assert connection.delete(unit), connection.result
