"""What every account system promises, asked of each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from connectors.accounts import AccountKind
from core.errors import ConnectorError, EffectUnknown, Refused
from tests.contracts import case as cases
from tests.contracts.case import AccountCase
from tests.contracts.case_embedded import EmbeddedCase, account_case
from tests.outside import Clock

OLD, NEW = "Harbour-Light-42", "Canary-Kx7-Dike-Swan"
A_SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture(params=cases.SYSTEMS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AccountCase]:
    with cases.of(request.param).account_case(tmp_path) as found:
        yield found
        for connector in (found.accounts, found.reader):
            if hasattr(connector, "close"):
                await connector.close()


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedCase:
    with account_case(tmp_path) as found:
        return found


async def test_the_ordinary_account_comes_first(case: AccountCase) -> None:
    assert [account.account_id for account in await case.accounts.of("E1012")] == ["ruben.kok", "adm-ruben.kok"]
    assert [account.kind for account in await case.accounts.of("E1001")] == [AccountKind.ORDINARY] * 2
    assert list(await case.accounts.of("E9999")) == []
    assert await case.accounts.by_id("nobody") is None
    assert await case.reader.by_id("sanne.dewit") == await case.accounts.by_id("sanne.dewit")


async def test_groups_come_with_nested_ones(case: AccountCase) -> None:
    account = await case.reader.by_id("koen.timmermans")
    assert account is not None
    assert {"server-operators", "backup-operators", "domain-admins", "it-staff", "all-staff"} <= account.groups


async def test_the_new_credential_works_and_the_old_one_does_not(case: AccountCase) -> None:
    case.set_credential("sanne.dewit", OLD)
    assert case.signs_in("sanne.dewit", OLD) == "ok"
    await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-1")
    assert case.signs_in("sanne.dewit", NEW) == "must_change"
    assert case.signs_in("sanne.dewit", OLD) == "no"
    assert case.signs_in("sanne.dewit-veld", NEW) == "no"


async def test_a_change_says_when_it_was_made(case: AccountCase) -> None:
    before = case.now()
    await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-1")
    account = await case.accounts.by_id("sanne.dewit")
    assert account is not None
    assert account.credential_changed_at is not None
    assert before <= account.credential_changed_at <= case.now() + A_SECOND


async def test_unlocking_lifts_the_lock_and_keeps_the_credential(case: AccountCase) -> None:
    case.set_credential("tom.bakker", OLD)
    case.lock("tom.bakker")
    locked, before = await case.reader.by_id("tom.bakker"), case.now()
    assert locked is not None
    assert locked.locked
    assert case.signs_in("tom.bakker", OLD) == "no"
    await case.accounts.unlock("tom.bakker", "a-2")
    account = await case.accounts.by_id("tom.bakker")
    assert account is not None
    assert not account.locked
    assert account.unlocked_at is None or before - A_SECOND <= account.unlocked_at <= case.now() + A_SECOND
    assert case.signs_in("tom.bakker", OLD) == "ok"


async def test_unlocking_what_is_not_locked_changes_nothing_for_the_person(case: AccountCase) -> None:
    case.set_credential("tom.bakker", OLD)
    await case.accounts.unlock("tom.bakker", "a-2")
    assert case.signs_in("tom.bakker", OLD) == "ok"


async def test_a_system_without_access_passes_says_so_and_changes_nothing(case: AccountCase) -> None:
    if case.has_passes:
        pytest.skip("this one has them")
    before = case.fingerprint("tom.bakker")
    with pytest.raises(Refused) as refused:
        await case.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), 30, "a-3")
    assert refused.value.reason == "no_access_pass"
    assert case.fingerprint("tom.bakker") == before


async def test_an_access_pass_ends(embedded: EmbeddedCase) -> None:
    await embedded.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), 30, "a-3")
    assert embedded.world.pass_works("tom.bakker", NEW)
    assert not embedded.world.pass_works("tom.bakker", "guess")
    assert isinstance(embedded.world.clock, Clock)
    embedded.world.clock.pass_(minutes=31)
    assert not embedded.world.pass_works("tom.bakker", NEW)


@pytest.mark.parametrize("minutes", [0, -5, 61, 1440])
async def test_an_access_pass_of_another_length_is_not_issued(case: AccountCase, minutes: int) -> None:
    before = case.fingerprint("tom.bakker")
    with pytest.raises((ConnectorError, Refused)):
        await case.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), minutes, "a-3")
    assert case.fingerprint("tom.bakker") == before


@pytest.mark.parametrize(
    ("account_id", "reason"),
    [
        ("adm-ruben.kok", "account_protected"),
        ("svc-scan", "account_protected"),
        ("koen.timmermans", "account_protected"),
        ("bram.peeters", "account_disabled"),
    ],
)
async def test_an_untouchable_account_is_refused_even_by_our_own_code(
    case: AccountCase, account_id: str, reason: str
) -> None:
    before = case.fingerprint(account_id)
    for attempt in (
        case.accounts.set_temporary_credential(account_id, SecretStr(NEW), "a-4"),
        case.accounts.unlock(account_id, "a-4"),
        case.accounts.issue_access_pass(account_id, SecretStr(NEW), 10, "a-4"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.reason == reason
    assert case.fingerprint(account_id) == before
    assert case.signs_in(account_id, NEW) == "no"


async def test_joining_a_protected_group_protects_at_once(case: AccountCase) -> None:
    await case.accounts.unlock("tom.bakker", "a-5")
    case.join("tom.bakker", "server-operators")
    before = case.fingerprint("tom.bakker")
    for attempt in (
        case.accounts.unlock("tom.bakker", "a-5"),
        case.accounts.set_temporary_credential("tom.bakker", SecretStr(NEW), "a-5"),
    ):
        with pytest.raises(Refused):
            await attempt
    assert case.fingerprint("tom.bakker") == before


async def test_an_unknown_account_is_an_error(case: AccountCase) -> None:
    for name in ("nobody", "", "*", "sanne.dewit)(uid=*", "sanne*"):
        with pytest.raises(ConnectorError):
            await case.accounts.unlock(name, "a-6")


async def test_the_same_key_twice_has_one_effect_only_where_the_system_says_so(embedded: EmbeddedCase) -> None:
    for _ in range(2):
        await embedded.accounts.unlock("tom.bakker", "a-7")
    assert len(embedded.world.effects()) == (1 if embedded.accounts.repeats_safely else 2)


async def test_what_happened_outside_names_the_key_and_never_the_credential(embedded: EmbeddedCase) -> None:
    await embedded.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-8")
    (effect,) = embedded.world.effects()
    assert (effect.kind, effect.object_id, effect.key) == ("credential_set", "sanne.dewit", "a-8")
    assert NEW not in repr(embedded.world.effects())
    files = list(embedded.world.path.parent.glob("world.sqlite*"))
    assert files
    assert all(NEW.encode() not in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("how", "error", "happened"),
    [("refuse", ConnectorError, False), ("before-unknown", EffectUnknown, False), ("after", EffectUnknown, True)],
)
async def test_a_fault_says_what_may_have_happened(
    embedded: EmbeddedCase, how: str, error: type[Exception], happened: bool
) -> None:
    embedded.world.fail_next("accounts", how)
    with pytest.raises(ConnectorError) as failure:
        await embedded.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-9")
    assert type(failure.value) is error
    assert NEW not in str(failure.value)
    assert bool(embedded.world.effects()) is happened
    assert (embedded.world.signs_in("sanne.dewit", NEW) == "must_change") is happened


async def test_a_call_given_up_while_it_hangs_has_done_nothing(embedded: EmbeddedCase) -> None:
    embedded.world.fail_next("accounts", "hang 30")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await embedded.accounts.unlock("tom.bakker", "a-10")
    assert embedded.world.effects() == []


async def test_twenty_changes_at_once_all_happen(embedded: EmbeddedCase) -> None:
    await asyncio.gather(*(embedded.accounts.unlock("tom.bakker", f"a-{index}") for index in range(20)))
    assert {effect.key for effect in embedded.world.effects()} == {f"a-{index}" for index in range(20)}


async def test_ten_changes_at_once_leave_one_of_the_ten(case: AccountCase) -> None:
    secrets = [f"{NEW}-{number}" for number in range(10)]
    await asyncio.gather(
        *(case.accounts.set_temporary_credential("sanne.dewit", SecretStr(secret), secret) for secret in secrets)
    )
    answers = []
    for secret in secrets:
        answers.append(case.signs_in("sanne.dewit", secret))
        await case.accounts.unlock("sanne.dewit", "wrong tries count")
    assert sorted(answers) == ["must_change"] + ["no"] * 9


@pytest.mark.parametrize("system", ["embedded", "openldap", "active_directory"])
def test_the_agents_reader_cannot_change_anything(system: str) -> None:
    module, reader, changing = {
        "embedded": ("embedded", "EmbeddedAccountReader", "EmbeddedAccounts"),
        "openldap": ("openldap", "OpenLdapAccountReader", "OpenLdapAccounts"),
        "active_directory": ("active_directory", "ActiveDirectoryReader", "ActiveDirectoryAccounts"),
    }[system]
    found = import_module(f"connectors.accounts.{module}")
    added = {name for name in vars(getattr(found, changing)) if not name.startswith("_")} - {"repeats_safely"}
    assert added == {"set_temporary_credential", "unlock", "issue_access_pass"}
    assert not any(hasattr(getattr(found, reader), name) for name in added)
