"""A hybrid house: one account with two faces, changed where its password lives, and only if both faces allow it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.accounts import AccountKind, Accounts
from connectors.accounts.by_origin import AccountReaderByOrigin, AccountsByOrigin
from connectors.accounts.embedded import EmbeddedAccounts
from connectors.accounts.entra import EntraAccounts
from connectors.embedded import World
from connectors.examination import Seen
from core.errors import ConnectorError, EffectUnknown, Refused
from tests.outside import new_world
from tests.servers.graph import FakeGraph, fake_graph
from tests.servers.graph_routes import USER_ADMINISTRATOR
from tests.servers.graph_tenant import SERVICE_PRINCIPAL, guid

NEW = "canary-Kx7-dike-swan"
TOM, SANNE = guid("tom.bakker"), guid("sanne.dewit")
PROTECTED = frozenset({"domain-admins"})


class LocalAccounts(EmbeddedAccounts):
    """The embedded accounts in the place of Active Directory: named by sAMAccountName."""

    async def powers(self) -> Sequence[str]:
        """As a real one says it."""
        return ["accounts"]

    async def examine(self) -> Sequence[Seen]:
        """As a real one says it."""
        return [Seen("the local directory", True, "answers")]

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class Case:
    """Both systems behind one front."""

    accounts: AccountsByOrigin
    graph: FakeGraph
    world: World

    def sync(self, name: str) -> str:
        """The account comes from Active Directory."""
        account_id = guid(name)
        self.graph.tenant.users[account_id].update(onPremisesSyncEnabled=True, onPremisesSamAccountName=name)
        return account_id

    def untouched(self) -> bool:
        """Whether nothing happened on either side."""
        return self.graph.tenant.effects == [] and self.world.effects() == []


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with fake_graph(tmp_path) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        world = new_world(tmp_path)
        entra = EntraAccounts(graph.settings(), graph.outside)
        accounts = AccountsByOrigin(entra, LocalAccounts(world, PROTECTED), PROTECTED)
        yield Case(accounts, graph, world)
        await accounts.close()
        assert graph.violations == []


async def reset(case: Case, account_id: str) -> None:
    accounts: Accounts = case.accounts
    await accounts.set_temporary_credential(account_id, SecretStr(NEW), "a-1")


async def test_a_synced_password_is_changed_in_active_directory_and_nowhere_else(case: Case) -> None:
    await reset(case, case.sync("tom.bakker"))
    assert case.world.signs_in("tom.bakker", NEW) == "must_change"
    assert case.graph.tenant.effects == []


async def test_a_cloud_password_is_changed_in_entra_and_nowhere_else(case: Case) -> None:
    await reset(case, TOM)
    assert case.graph.tenant.signs_in(TOM, NEW) == "must_change"
    assert case.world.effects() == []


async def test_an_account_that_only_active_directory_has_is_changed_there(case: Case) -> None:
    del case.graph.tenant.users[TOM]
    await reset(case, "tom.bakker")
    assert case.world.signs_in("tom.bakker", NEW) == "must_change"


async def test_an_administrator_of_entra_is_not_taken_over_by_way_of_active_directory(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    case.graph.tenant.assign(account_id, "62e90394-69f5-4237-9190-012177145e10")
    for attempt in (
        reset(case, account_id),
        case.accounts.unlock(account_id, "a-2"),
        case.accounts.issue_access_pass(account_id, SecretStr(NEW), 30, "a-3"),
    ):
        with pytest.raises(Refused, match="account_protected"):
            await attempt
    account = await case.accounts.by_id(account_id)
    assert account is not None
    assert account.kind is AccountKind.PRIVILEGED
    assert case.untouched()


async def test_an_administrator_of_active_directory_is_not_taken_over_by_way_of_entra(case: Case) -> None:
    account_id = case.sync("koen.timmermans")
    for inside in case.graph.tenant.members.values():
        inside[:] = [one for one in inside if one != account_id]
    for attempt in (
        reset(case, account_id),
        case.accounts.issue_access_pass(account_id, SecretStr(NEW), 30, "a-3"),
    ):
        with pytest.raises(Refused, match="account_protected"):
            await attempt
    account = await case.accounts.by_id(account_id)
    assert account is not None
    assert "domain-admins" in account.groups
    assert case.untouched()


async def test_a_local_name_is_no_way_around_what_entra_says(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    case.graph.tenant.assign(account_id, "62e90394-69f5-4237-9190-012177145e10")
    for attempt in (
        reset(case, "tom.bakker"),
        reset(case, "TOM.BAKKER"),
        case.accounts.unlock("tom.bakker", "a-2"),
        case.accounts.issue_access_pass("tom.bakker", SecretStr(NEW), 30, "a-3"),
    ):
        with pytest.raises((Refused, ConnectorError)):
            await attempt
    account = await case.accounts.by_id("tom.bakker")
    assert account is not None
    assert (account.kind, account.account_id) == (AccountKind.PRIVILEGED, "tom.bakker")
    assert case.untouched()


async def test_two_faces_of_two_people_are_nobodys_account(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    case.graph.tenant.users[account_id]["onPremisesSamAccountName"] = "priya.raman"
    with pytest.raises(Refused, match="account_protected"):
        await reset(case, account_id)
    assert case.untouched()


@pytest.mark.parametrize("name", ["", "gone.away"])
async def test_a_synced_account_without_its_other_face_is_left_alone(case: Case, name: str) -> None:
    account_id = case.sync("tom.bakker")
    case.graph.tenant.users[account_id]["onPremisesSamAccountName"] = name or None
    with pytest.raises(ConnectorError) as failure:
        await reset(case, account_id)
    assert not isinstance(failure.value, EffectUnknown)
    account = await case.accounts.by_id(account_id)
    assert account is not None
    assert account.employee_id is None
    assert case.untouched()


async def test_what_is_off_on_one_side_is_off(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    case.world.disable_account("tom.bakker")
    with pytest.raises(Refused, match="account_disabled"):
        await reset(case, account_id)
    with pytest.raises(Refused, match="account_disabled"):
        await case.accounts.issue_access_pass(account_id, SecretStr(NEW), 30, "a-3")
    assert case.untouched()


async def test_a_lock_is_seen_and_lifted_where_it_is(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    case.world.lock_account("tom.bakker")
    locked = await case.accounts.by_id(account_id)
    assert locked is not None
    assert locked.locked
    await case.accounts.unlock(account_id, "a-2")
    lifted = await case.accounts.by_id(account_id)
    assert lifted is not None
    assert not lifted.locked
    assert lifted.unlocked_at == case.world.clock()
    with pytest.raises(Refused, match="unlock_by_waiting"):
        await case.accounts.unlock(SANNE, "a-2")


async def test_a_pass_is_made_in_entra_for_a_synced_account_too(case: Case) -> None:
    account_id = case.sync("tom.bakker")
    made = await case.accounts.issue_access_pass(account_id, SecretStr(NEW), 30, "a-3")
    assert made is not None
    assert case.graph.tenant.pass_works(account_id, made.get_secret_value())
    assert case.world.effects() == []


async def test_a_person_has_each_account_once(case: Case) -> None:
    account_id = case.sync("sanne.dewit")
    listed = [account.account_id for account in await case.accounts.of("E1001")]
    assert listed == [account_id, guid("sanne.dewit-veld"), "sanne.dewit-veld"]
    del case.graph.tenant.users[guid("sanne.dewit-veld")]
    listed = [account.account_id for account in await case.accounts.of("E1001")]
    assert listed == [account_id, "sanne.dewit-veld"]


async def test_the_front_says_the_powers_of_both_and_examines_both(case: Case) -> None:
    powers = await case.accounts.powers()
    assert "accounts" in powers
    assert any("ReadWrite" in power for power in powers)
    assert {"the local directory", "Entra ID sign-in"} <= {seen.what for seen in await case.accounts.examine()}
    assert not case.accounts.repeats_safely
    assert not hasattr(AccountReaderByOrigin, "set_temporary_credential")
