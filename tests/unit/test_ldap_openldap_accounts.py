"""Accounts of a real OpenLDAP: what is refused however it was approved, what failed, and what an account may do."""

from __future__ import annotations

import time
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from connectors.accounts import AccountKind
from connectors.accounts.openldap import OpenLdapAccountReader, OpenLdapAccounts
from connectors.directory.ldap import LdapDirectory
from connectors.ldap.settings import LdapSettings
from core.errors import ConnectorError, EffectUnknown, Refused
from tests.servers.ldap_front import ldap_front
from tests.servers.openldap import running_openldap
from tests.servers.openldap_seed import ADMINS, GROUPS, PEOPLE, READER, READER_PASSWORD, SUFFIX
from tests.servers.openldap_server import OpenLdapServer

pytestmark = pytest.mark.slow
OLD, NEW = "havenlicht-oud-42", "Canary-Kx7-dike-swan"
ELSEWHERE = f"ou=elsewhere,{SUFFIX}"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenLdapServer]:
    with running_openldap() as found:
        yield found


@pytest_asyncio.fixture
async def accounts(server: OpenLdapServer) -> AsyncIterator[OpenLdapAccounts]:
    found = OpenLdapAccounts(server.settings())
    yield found
    await found.close()


async def refused(accounts: OpenLdapAccounts, account_id: str, secret: str = NEW) -> str:
    """The reason a reset is refused with. Nothing about the password is in the error."""
    with pytest.raises(Refused) as no:
        await accounts.set_temporary_credential(account_id, SecretStr(secret), "a-1")
    assert secret not in "".join(traceback.format_exception(no.value))
    return no.value.reason


# --- what is never touched ---------------------------------------------------------------------------------------


async def test_four_groups_deep_is_protected(server: OpenLdapServer, accounts: OpenLdapAccounts) -> None:
    inside = server.dn("sanne.dewit")
    for depth in range(4):
        server.add(f"cn=laag-{depth},{ELSEWHERE}", ["groupOfNames"], member=[inside])
        inside = f"cn=laag-{depth},{ELSEWHERE}"
    await accounts.unlock("sanne.dewit", "not yet")
    server.replace(f"cn=domain-admins,{GROUPS}", member=[server.dn("adm-ruben.kok"), inside])
    assert await refused(accounts, "sanne.dewit") == "account_protected"
    assert await refused(accounts, "sanne.dewit-veld") == "account_protected"  # the same person's other account


async def test_a_dynamic_group_protects_too(server: OpenLdapServer) -> None:
    server.add(f"cn=bestuur,{ELSEWHERE}", ["groupOfURLs"], memberURL=f"ldap:///{PEOPLE}??one?(ou=Board)")
    accounts = OpenLdapAccounts(server.settings(protected_groups="bestuur"))
    assert await refused(accounts, "henriette.vanloon") == "account_protected"
    await accounts.unlock("sanne.dewit", "a-1")
    await accounts.close()


@pytest.mark.parametrize(
    ("changed", "account_id"),
    [
        ({"protected_groups": f"CN=HR-Staff, {GROUPS}"}, "marieke.postma"),
        ({"protected_groups": "x;HR-STAFF"}, "marieke.postma"),
        ({"protected_accounts": "other;Tom.Bakker"}, "tom.bakker"),
        ({"service_bases": PEOPLE}, "tom.bakker"),
        ({"service_when": "title=Financial controller"}, "tom.bakker"),
        ({"privileged_when": "title=financial CONTROLLER"}, "tom.bakker"),
        ({"privileged_when": "", "protected_groups": "domain-admins"}, "adm-ruben.kok"),
        ({}, "svc-scan"),
        ({}, "koen.timmermans"),
    ],
    ids=str,
)
async def test_each_way_to_protect_protects(server: OpenLdapServer, changed: dict[str, Any], account_id: str) -> None:
    accounts = OpenLdapAccounts(server.settings(**changed))
    before = server.entry(account_id)
    assert await refused(accounts, account_id) == "account_protected"
    assert server.entry(account_id) == before
    await accounts.close()


async def test_an_account_of_nobody_is_not_touched(server: OpenLdapServer, accounts: OpenLdapAccounts) -> None:
    server.replace(server.dn("tom.bakker"), employeeNumber=[])
    assert await refused(accounts, "tom.bakker") == "account_protected"


async def test_a_switched_off_account_is_not_switched_on(server: OpenLdapServer, accounts: OpenLdapAccounts) -> None:
    assert await refused(accounts, "bram.peeters") == "account_disabled"
    with pytest.raises(Refused):
        await accounts.unlock("bram.peeters", "a-1")
    assert server.attribute("bram.peeters", "pwdAccountLockedTime") == [b"000001010000Z"]


async def test_an_account_outside_the_bases_does_not_exist(server: OpenLdapServer) -> None:
    accounts = OpenLdapAccounts(server.settings(accounts_bases=ADMINS))
    assert await accounts.by_id("tom.bakker") is None
    with pytest.raises(ConnectorError):
        await accounts.unlock("tom.bakker", "a-1")
    await accounts.close()


async def test_two_accounts_of_one_name_are_an_error(server: OpenLdapServer, accounts: OpenLdapAccounts) -> None:
    server.add(f"uid=tom.bakker,{ADMINS}", ["inetOrgPerson"], cn="Tom", sn="Tom", employeeNumber="E1002")
    with pytest.raises(ConnectorError):
        await accounts.by_id("tom.bakker")


# --- the password policy -----------------------------------------------------------------------------------------


async def test_what_the_policy_refuses_is_said_in_words_and_changes_nothing(
    server: OpenLdapServer, accounts: OpenLdapAccounts
) -> None:
    server.set_credential("tom.bakker", OLD)
    assert await refused(accounts, "tom.bakker", "Canary-kort") == "password_too_short"
    assert server.signs_in("tom.bakker", OLD) == "ok"
    await accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-1")
    assert await refused(accounts, "tom.bakker") == "password_in_history"
    assert server.signs_in("tom.bakker", NEW) == "must_change"
    server.set_credential("tom.bakker", f"{OLD}-nieuw")
    server.replace(f"cn=staff,ou=policies,{SUFFIX}", pwdMinAge=["86400"])
    assert await refused(accounts, "tom.bakker", "Canary-another-word-9") == "password_too_young"
    assert server.signs_in("tom.bakker", f"{OLD}-nieuw") == "ok"


async def test_without_the_right_nothing_happens_and_it_says_so(server: OpenLdapServer) -> None:
    accounts = OpenLdapAccounts(server.settings(write_bind_dn=READER, write_bind_password=READER_PASSWORD))
    before = server.entry("tom.bakker")
    assert await refused(accounts, "tom.bakker") == "not_delegated"
    server.lock("tom.bakker")
    with pytest.raises(Refused) as no:
        await accounts.unlock("tom.bakker", "a-1")
    assert no.value.reason == "not_delegated"
    assert server.attribute("tom.bakker", "userPassword") == before["userpassword"]
    assert server.attribute("tom.bakker", "pwdAccountLockedTime")
    await accounts.close()


# --- when it breaks ----------------------------------------------------------------------------------------------


@pytest.mark.timed
@pytest.mark.parametrize(("how", "happened"), [("cut before", False), ("cut after", True), ("silent after", True)])
async def test_a_reset_without_an_answer_is_in_doubt_and_sent_once(
    server: OpenLdapServer, how: Any, happened: bool
) -> None:
    server.set_credential("tom.bakker", OLD)
    before = server.attribute("tom.bakker", "userPassword")
    with ldap_front(("127.0.0.1", server.secure_port), server.certificates) as front:
        accounts = OpenLdapAccounts(server.settings(urls=front.url))
        front.fail("extended", how)
        begun = time.monotonic()
        with pytest.raises(EffectUnknown) as doubt:
            await accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-1")
        assert time.monotonic() - begun <= 5
        assert NEW not in "".join(traceback.format_exception(doubt.value))
        assert front.count["extended"] == 1
        await accounts.close()
    assert (server.attribute("tom.bakker", "userPassword") != before) is happened


@pytest.mark.parametrize("how", ["cut before", "cut after"])
async def test_a_password_that_could_not_be_marked_as_temporary_is_in_doubt(server: OpenLdapServer, how: Any) -> None:
    with ldap_front(("127.0.0.1", server.secure_port), server.certificates) as front:
        accounts = OpenLdapAccounts(server.settings(urls=front.url))
        front.meanwhile("extended", lambda: front.fail("modify", how))
        with pytest.raises(EffectUnknown):
            await accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-1")
        assert front.count["extended"] == 1
        await accounts.close()
    assert server.signs_in("tom.bakker", NEW) in ("ok", "must_change")


async def test_a_connection_that_broke_before_the_change_is_no_doubt(server: OpenLdapServer) -> None:
    before = server.attribute("tom.bakker", "userPassword")
    with ldap_front(("127.0.0.1", server.secure_port), server.certificates) as front:
        accounts = OpenLdapAccounts(server.settings(urls=front.url))
        front.fail("search", "cut before")
        with pytest.raises(ConnectorError) as failed:
            await accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-1")
        assert not isinstance(failed.value, EffectUnknown)
        front.heal()
        await accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-1")
        await accounts.close()
    assert server.attribute("tom.bakker", "userPassword") != before


async def test_who_joins_a_protected_group_meanwhile_is_refused(server: OpenLdapServer) -> None:
    with ldap_front(("127.0.0.1", server.secure_port), server.certificates) as front:
        accounts = OpenLdapAccounts(server.settings(urls=front.url))
        assert await accounts.by_id("tom.bakker") is not None
        front.meanwhile("search", lambda: server.join("tom.bakker", "server-operators"))
        assert await refused(accounts, "tom.bakker") == "account_protected"
        assert front.count["extended"] == 0
        await accounts.close()


# --- what an account may do, and what doctor says ----------------------------------------------------------------


async def test_the_reading_account_can_change_nothing_and_asking_changes_nothing(server: OpenLdapServer) -> None:
    everybody = [account for account in ("sanne.dewit", "tom.bakker", "priya.raman", "adm-ruben.kok", "svc-scan")]
    before = [server.entry(account) for account in everybody]
    settings = server.settings()
    directory, reader, changing = LdapDirectory(settings), OpenLdapAccountReader(settings), OpenLdapAccounts(settings)
    assert list(await directory.powers()) == []
    assert list(await reader.powers()) == []
    assert set(await changing.powers()) == {"passwords", "lock-outs", "forced changes"}
    assert [server.entry(account) for account in everybody] == before
    for connector in (directory, reader, changing):
        await connector.close()


@pytest.mark.parametrize(
    ("rule", "power"),
    [
        (f'to dn.subtree="{GROUPS}" attrs=member by dn.exact="{READER}" write by * break', "groups"),
        (f'to attrs=loketIdentity by dn.exact="{READER}" write by * break', "channel identities"),
        (f'to attrs=mobile by dn.exact="{READER}" write by * break', "mobile numbers"),
    ],
)
async def test_a_right_too_many_is_found(rule: str, power: str) -> None:
    with running_openldap(first_rule=rule) as server:
        directory = LdapDirectory(server.settings())
        assert power in await directory.powers()
        assert not {one.what: one for one in await directory.examine()}["rights of the reading account"].good
        await directory.close()


async def test_doctor_is_content_with_what_the_page_says(server: OpenLdapServer) -> None:
    settings = server.settings()
    directory, reader, changing = LdapDirectory(settings), OpenLdapAccountReader(settings), OpenLdapAccounts(settings)
    seen = [*await directory.examine(), *await reader.examine(), *await changing.examine()]
    assert [one for one in seen if not one.good] == []
    assert {"people", "groups", "password policy", "right to reset passwords and to unlock"} <= {
        one.what for one in seen
    }
    for connector in (directory, reader, changing):
        await connector.close()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"bind_password": "canary-wrong", "write_bind_password": "canary-wrong"}, "sign-in"),
        ({"people_base": f"ou=nowhere,{SUFFIX}"}, "people"),
        ({"identity_attribute": ""}, "channel identities"),
        ({"groups_base": f"ou=nowhere,{SUFFIX}"}, "groups"),
        ({"accounts_bases": f"ou=nowhere,{SUFFIX}"}, f"accounts in ou=nowhere,{SUFFIX}"),
        ({"protected_groups": "no-such-group"}, "protected group no-such-group"),
        ({"write_bind_dn": READER, "write_bind_password": READER_PASSWORD}, "right to reset passwords and to unlock"),
        ({"urls": "ldaps://127.0.0.1:1"}, "server ldaps://127.0.0.1:1"),
    ],
    ids=str,
)
async def test_doctor_says_what_is_wrong_and_what_to_do(
    server: OpenLdapServer, changed: dict[str, Any], what: str
) -> None:
    settings: LdapSettings = server.settings(**changed)
    directory, changing = LdapDirectory(settings), OpenLdapAccounts(settings)
    wrong = [one for one in [*await directory.examine(), *await changing.examine()] if not one.good]
    assert what in [one.what for one in wrong]
    assert all(one.advice and "\n" not in one.detail and "canary" not in one.detail for one in wrong)
    await directory.close()
    await changing.close()


async def test_a_policy_that_lets_a_temporary_password_stay_is_found(server: OpenLdapServer) -> None:
    server.replace(f"cn=staff,ou=policies,{SUFFIX}", pwdMustChange=["FALSE"])
    reader = OpenLdapAccountReader(server.settings())
    assert not {one.what: one for one in await reader.examine()}["password policy"].good
    await reader.close()


async def test_the_kinds_of_accounts(server: OpenLdapServer) -> None:
    reader = OpenLdapAccountReader(server.settings())
    kinds = {}
    for name in ("sanne.dewit", "adm-ruben.kok", "svc-scan", "koen.timmermans"):
        account = await reader.by_id(name)
        assert account is not None
        kinds[name] = account.kind
    assert kinds == {
        "sanne.dewit": AccountKind.ORDINARY,
        "adm-ruben.kok": AccountKind.PRIVILEGED,
        "svc-scan": AccountKind.SERVICE,
        "koen.timmermans": AccountKind.PRIVILEGED,
    }
    await reader.close()
