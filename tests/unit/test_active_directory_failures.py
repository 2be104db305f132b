"""An Active Directory that is cut off, silent or slow, and a password of our own that is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from connectors.accounts.active_directory import ActiveDirectoryAccounts, ActiveDirectoryReader
from core.errors import ConnectorError, EffectUnknown
from tests.domain_room import NEW, OLD, Staff
from tests.servers.ldap_front import LdapFront, ldap_front, silent_server
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import settings

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


@pytest.mark.parametrize(("how", "happened"), [("cut after", True), ("cut before", False)])
async def test_a_change_whose_answer_never_came_is_unknown_and_not_repeated(
    domain: Domain, front: LdapFront, staff: Staff, how: str, happened: bool
) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, urls=front.url))
    name = staff.somebody()
    front.fail("modify", how)  # type: ignore[arg-type]
    with pytest.raises(EffectUnknown) as failure:
        await accounts.set_temporary_credential(name, SecretStr(NEW), "a")
    assert NEW not in str(failure.value)
    assert front.count["modify"] == 1
    assert domain.signs_in(name, NEW) == ("must_change" if happened else "no")
    await accounts.close()


@pytest.mark.timed
@pytest.mark.parametrize(
    ("operation", "how", "doubtful"),
    [
        ("modify", "silent before", True),
        ("modify", "silent after", True),
        ("search", "silent before", False),
        ("search", "drip", False),
    ],
)
@pytest.mark.sampled(0.25)
async def test_a_directory_that_falls_silent_costs_five_seconds_at_most(
    domain: Domain, front: LdapFront, staff: Staff, operation: str, how: str, doubtful: bool
) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, urls=front.url))
    name = staff.somebody()
    assert await accounts.by_id(name) is not None
    front.fail(operation, how)  # type: ignore[arg-type]
    began = time.monotonic()
    with pytest.raises(ConnectorError) as failure:
        await accounts.set_temporary_credential(name, SecretStr(NEW), "a")
    assert isinstance(failure.value, EffectUnknown) is doubtful
    assert time.monotonic() - began < 5
    front.heal()
    assert await accounts.by_id(name) is not None
    assert domain.signs_in(name, OLD) == ("no" if how == "silent after" else "ok")
    await accounts.close()


@pytest.mark.timed
async def test_a_sign_in_that_gets_no_answer_ends_as_well(domain: Domain, front: LdapFront) -> None:
    accounts = ActiveDirectoryAccounts(settings(domain.address, domain.ca_file, urls=front.url))
    front.fail("bind", "silent before")
    began = time.monotonic()
    with pytest.raises(ConnectorError):
        await accounts.unlock("tom.bakker", "a")
    assert time.monotonic() - began < 5
    await accounts.close()


@pytest.mark.timed
async def test_one_silent_server_keeps_nobody_from_another(domain: Domain, staff: Staff) -> None:
    name = staff.somebody()
    with silent_server() as silent:
        both = settings(domain.address, domain.ca_file, urls=f"{silent},ldaps://{domain.address}")
        accounts = ActiveDirectoryAccounts(both)
        began = time.monotonic()
        await accounts.unlock(name, "a")
        assert time.monotonic() - began < 5
        await accounts.close()


async def test_a_wrong_password_of_our_own_is_tried_once_and_locks_nothing(domain: Domain, front: LdapFront) -> None:
    wrong = settings(domain.address, domain.ca_file, urls=front.url, write_bind_password="Fout-Wachtwoord-1")
    accounts = ActiveDirectoryAccounts(wrong)
    for attempt in range(12):
        with pytest.raises(ConnectorError) as failure:
            await accounts.unlock("tom.bakker", f"a-{attempt}")
        assert "Fout-Wachtwoord-1" not in str(failure.value)
    assert front.count["bind"] == 1
    await accounts.close()


async def test_many_at_once_all_happen(domain: Domain, accounts: ActiveDirectoryAccounts, staff: Staff) -> None:
    names = [staff.somebody() for _ in range(4)]
    secrets = [f"Canary-Kx7-dike-{index}" for index in range(4)]
    await asyncio.gather(
        *(
            accounts.set_temporary_credential(name, SecretStr(secret), "a")
            for name, secret in zip(names, secrets, strict=True)
        )
    )
    assert [domain.signs_in(name, secret) for name, secret in zip(names, secrets, strict=True)] == ["must_change"] * 4


def test_the_reader_cannot_change_anything() -> None:
    changing = {"set_temporary_credential", "unlock", "issue_access_pass"}
    assert not any(hasattr(ActiveDirectoryReader, name) for name in changing)
