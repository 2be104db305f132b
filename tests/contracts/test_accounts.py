"""What every account system promises, asked of each of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.accounts import AccountKind, Accounts
from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.embedded import World
from core.errors import ConnectorError, EffectUnknown, Refused
from tests.outside import Clock, new_world

OLD, NEW = "harbour-light-42", "canary-Kx7-dike-swan"
PROTECTED = frozenset({"domain-admins"})


@dataclass
class Case:
    """An account system, and the world behind it where one looks what really happened."""

    accounts: Accounts
    world: World


@pytest.fixture(params=["embedded"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    assert request.param == "embedded"
    world = new_world(tmp_path)
    return Case(EmbeddedAccounts(world, PROTECTED), world)


async def test_the_ordinary_account_comes_first(case: Case) -> None:
    assert [account.account_id for account in await case.accounts.of("E1012")] == ["ruben.kok", "adm-ruben.kok"]
    assert [account.kind for account in await case.accounts.of("E1001")] == [AccountKind.ORDINARY] * 2
    assert list(await case.accounts.of("E9999")) == []
    assert await case.accounts.by_id("nobody") is None


async def test_the_new_credential_works_and_the_old_one_does_not(case: Case) -> None:
    case.world.set_credential("sanne.dewit", OLD)
    assert case.world.signs_in("sanne.dewit", OLD) == "ok"
    await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-1")
    assert case.world.signs_in("sanne.dewit", NEW) == "must_change"
    assert case.world.signs_in("sanne.dewit", OLD) == "no"
    assert case.world.signs_in("sanne.dewit-veld", NEW) == "no"


async def test_a_change_says_when_it_was_made(case: Case) -> None:
    await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-1")
    account = await case.accounts.by_id("sanne.dewit")
    assert account is not None
    assert account.credential_changed_at == case.world.clock()


async def test_unlocking_lifts_the_lock_and_keeps_the_credential(case: Case) -> None:
    case.world.set_credential("tom.bakker", OLD)
    case.world.lock_account("tom.bakker")
    assert case.world.signs_in("tom.bakker", OLD) == "no"
    await case.accounts.unlock("tom.bakker", "a-2")
    account = await case.accounts.by_id("tom.bakker")
    assert account is not None
    assert not account.locked
    assert account.unlocked_at == case.world.clock()
    assert case.world.signs_in("tom.bakker", OLD) == "ok"


async def test_an_access_pass_ends(case: Case) -> None:
    await case.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), 30, "a-3")
    assert case.world.pass_works("tom.bakker", NEW)
    assert not case.world.pass_works("tom.bakker", "guess")
    assert isinstance(case.world.clock, Clock)
    case.world.clock.pass_(minutes=31)
    assert not case.world.pass_works("tom.bakker", NEW)


@pytest.mark.parametrize("minutes", [0, -5, 61, 1440])
async def test_an_access_pass_of_another_length_is_not_issued(case: Case, minutes: int) -> None:
    with pytest.raises(ConnectorError):
        await case.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), minutes, "a-3")
    assert case.world.effects() == []


@pytest.mark.parametrize(
    ("account_id", "reason"),
    [
        ("adm-ruben.kok", "account_protected"),
        ("svc-scan", "account_protected"),
        ("koen.timmermans", "account_protected"),
        ("bram.peeters", "account_disabled"),
    ],
)
async def test_an_untouchable_account_is_refused_even_by_our_own_code(case: Case, account_id: str, reason: str) -> None:
    for attempt in (
        case.accounts.set_temporary_credential(account_id, SecretStr(NEW), "a-4"),
        case.accounts.unlock(account_id, "a-4"),
        case.accounts.issue_access_pass(account_id, SecretStr(NEW), 10, "a-4"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.reason == reason
    assert case.world.effects() == []
    assert case.world.signs_in(account_id, NEW) == "no"


async def test_joining_a_protected_group_protects_at_once(case: Case) -> None:
    case.world.set_groups("E1002", ["all-staff", "server-operators"])
    with pytest.raises(Refused):
        await case.accounts.unlock("tom.bakker", "a-5")


async def test_an_unknown_account_is_an_error_and_nothing_happens(case: Case) -> None:
    with pytest.raises(ConnectorError):
        await case.accounts.unlock("nobody", "a-6")
    assert case.world.effects() == []


async def test_the_same_key_twice_has_one_effect_only_where_the_system_says_so(case: Case) -> None:
    for _ in range(2):
        await case.accounts.unlock("tom.bakker", "a-7")
    assert len(case.world.effects()) == (1 if case.accounts.repeats_safely else 2)


async def test_what_happened_outside_names_the_key_and_never_the_credential(case: Case) -> None:
    await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-8")
    (effect,) = case.world.effects()
    assert (effect.kind, effect.object_id, effect.key) == ("credential_set", "sanne.dewit", "a-8")
    assert NEW not in repr(case.world.effects())
    files = list(case.world.path.parent.glob("world.sqlite*"))
    assert files
    assert all(NEW.encode() not in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("how", "error", "happened"),
    [("refuse", ConnectorError, False), ("before-unknown", EffectUnknown, False), ("after", EffectUnknown, True)],
)
async def test_a_fault_says_what_may_have_happened(
    case: Case, how: str, error: type[Exception], happened: bool
) -> None:
    case.world.fail_next("accounts", how)
    with pytest.raises(ConnectorError) as failure:
        await case.accounts.set_temporary_credential("sanne.dewit", SecretStr(NEW), "a-9")
    assert type(failure.value) is error
    assert NEW not in str(failure.value)
    assert bool(case.world.effects()) is happened
    assert (case.world.signs_in("sanne.dewit", NEW) == "must_change") is happened


async def test_a_call_given_up_while_it_hangs_has_done_nothing(case: Case) -> None:
    case.world.fail_next("accounts", "hang 30")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await case.accounts.unlock("tom.bakker", "a-10")
    assert case.world.effects() == []


async def test_twenty_changes_at_once_all_happen(case: Case) -> None:
    await asyncio.gather(*(case.accounts.unlock("tom.bakker", f"a-{index}") for index in range(20)))
    assert {effect.key for effect in case.world.effects()} == {f"a-{index}" for index in range(20)}


def test_the_agents_reader_cannot_change_anything() -> None:
    changing = {name for name in vars(EmbeddedAccounts) if not name.startswith("_")} - {"repeats_safely"}
    assert changing == {"set_temporary_credential", "unlock", "issue_access_pass"}
    assert not any(hasattr(EmbeddedAccountReader, name) for name in changing)
