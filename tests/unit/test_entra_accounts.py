"""Accounts in Entra ID: the contract of every account system as far as Graph keeps it, and what is peculiar to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.accounts import AccountKind, Accounts
from connectors.accounts.entra import EntraAccountReader, EntraAccounts
from connectors.graph import passes as passes_module
from core.errors import ConnectorError, EffectUnknown, Refused
from tests.servers.graph import CHANGING, READING, FakeGraph, fake_graph
from tests.servers.graph_routes import USER_ADMINISTRATOR
from tests.servers.graph_tenant import SERVICE_PRINCIPAL, guid

NEW = "canary-Kx7-dike-swan"
OLD = "harbour-light-42"
SANNE, TOM, KOEN, RUBEN = guid("sanne.dewit"), guid("tom.bakker"), guid("koen.timmermans"), guid("adm-ruben.kok")
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"


@dataclass
class Case:
    """The executor's accounts and the tenant behind them."""

    accounts: EntraAccounts
    graph: FakeGraph

    async def reset(self, account_id: str = TOM) -> None:
        """A temporary password."""
        await self.accounts.set_temporary_credential(account_id, SecretStr(NEW), "a-1")

    async def make_pass(self, account_id: str = TOM, minutes: int = 30) -> str:
        """An access pass."""
        made = await self.accounts.issue_access_pass(account_id, SecretStr(NEW), minutes, "a-2")
        return made.get_secret_value()


@pytest.fixture
async def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Case]:
    monkeypatch.setattr(passes_module, "LOOK_AGAIN", 0.05)
    async with fake_graph(tmp_path, CHANGING) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        graph.tenant.passwords[TOM] = (OLD, False)
        accounts = EntraAccounts(graph.settings(), graph.outside)
        yield Case(accounts, graph)
        await accounts.close()
        assert graph.violations == []


# --- what every account system promises --------------------------------------------------------------------------


async def test_the_ordinary_account_comes_first(case: Case) -> None:
    accounts: Accounts = case.accounts
    assert [account.account_id for account in await accounts.of("E1012")] == [guid("ruben.kok"), RUBEN]
    assert [account.kind for account in await accounts.of("E1001")] == [AccountKind.ORDINARY] * 2
    assert [account.account_id for account in await accounts.of("E1001")] == [SANNE, guid("sanne.dewit-veld")]
    assert list(await accounts.of("E9999")) == []
    assert await accounts.by_id("nobody") is None
    assert await accounts.by_id(guid("nobody")) is None


async def test_the_new_credential_works_and_the_old_one_does_not(case: Case) -> None:
    assert case.graph.tenant.signs_in(TOM, OLD) == "ok"
    await case.reset()
    assert case.graph.tenant.signs_in(TOM, NEW) == "must_change"
    assert case.graph.tenant.signs_in(TOM, OLD) == "no"
    assert case.graph.tenant.revoked == [TOM]


async def test_a_change_says_when_it_was_made(case: Case) -> None:
    await case.reset()
    account = await case.accounts.by_id(TOM)
    assert account is not None
    assert account.credential_changed_at is not None
    assert datetime.now(UTC) - account.credential_changed_at < timedelta(minutes=1)


async def test_an_access_pass_is_the_one_graph_made_and_ends(case: Case) -> None:
    code = await case.make_pass()
    assert code != NEW
    assert case.graph.tenant.pass_works(TOM, code)
    assert not case.graph.tenant.pass_works(TOM, NEW)
    (made,) = case.graph.tenant.passes[TOM]
    assert (made["isUsableOnce"], made["lifetimeInMinutes"]) == (True, 30)


@pytest.mark.parametrize("minutes", [0, -5, 9, 61, 1440])
async def test_an_access_pass_of_another_length_is_not_issued(case: Case, minutes: int) -> None:
    with pytest.raises(ConnectorError):
        await case.make_pass(minutes=minutes)
    assert case.graph.tenant.effects == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("adm-ruben.kok", "account_protected"),
        ("svc-scan", "account_protected"),
        ("koen.timmermans", "account_protected"),
        ("lucia.ferreira", "account_protected"),
        ("bram.peeters", "account_disabled"),
    ],
)
async def test_an_untouchable_account_is_refused_even_by_our_own_code(case: Case, name: str, reason: str) -> None:
    account_id = guid(name)
    for attempt in (case.reset(account_id), case.accounts.unlock(account_id, "a-4"), case.make_pass(account_id)):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.reason == reason
    assert case.graph.tenant.effects == []


async def test_joining_a_protected_group_protects_at_once(case: Case) -> None:
    case.graph.tenant.members[guid("group-server-operators")].append(TOM)
    with pytest.raises(Refused):
        await case.reset()


async def test_an_unknown_account_is_an_error_and_nothing_happens(case: Case) -> None:
    for account_id in ("nobody", guid("nobody"), "../groups", ""):
        with pytest.raises(ConnectorError):
            await case.reset(account_id)
    assert case.graph.tenant.effects == []


@pytest.mark.parametrize(
    ("how", "happened"),
    [("500 before", False), ("cut before", False), ("500 after", True), ("cut after", True)],
)
async def test_a_fault_says_what_may_have_happened(case: Case, how: str, happened: bool) -> None:
    case.graph.fail_next("PATCH /users", how)
    with pytest.raises(EffectUnknown) as failure:
        await case.reset()
    assert NEW not in str(failure.value)
    assert (case.graph.tenant.signs_in(TOM, NEW) == "must_change") is happened
    assert case.graph.asked("PATCH /users") == 1
    account = await case.accounts.by_id(TOM)
    assert account is not None
    assert account.credential_changed_at is not None
    assert (datetime.now(UTC) - account.credential_changed_at < timedelta(minutes=1)) is happened


async def test_many_changes_at_once_all_happen(case: Case) -> None:
    staff = [user["id"] for user in case.graph.tenant.users.values() if str(user.get("jobTitle")).startswith("Head")]
    assert len(staff) >= 7
    await asyncio.gather(*(case.reset(account_id) for account_id in staff))
    assert sorted(case.graph.tenant.effects) == sorted(("password", account_id) for account_id in staff)


def test_the_agents_reader_cannot_change_anything() -> None:
    changing = {name for name in vars(EntraAccounts) if not name.startswith("_")} - {"repeats_safely", "examine"}
    assert changing == {"set_temporary_credential", "unlock", "issue_access_pass", "revoke_sessions"}
    assert not any(hasattr(EntraAccountReader, name) for name in changing)


# --- who is an administrator -------------------------------------------------------------------------------------


async def test_any_directory_role_makes_an_account_untouchable(case: Case) -> None:
    case.graph.tenant.assign(TOM, HELPDESK)
    with pytest.raises(Refused, match="account_protected"):
        await case.reset()


async def test_a_role_somebody_may_take_up_counts_like_one_they_have(case: Case) -> None:
    case.graph.tenant.make_eligible(TOM, HELPDESK)
    with pytest.raises(Refused, match="account_protected"):
        await case.make_pass()


async def test_a_group_that_can_hold_roles_counts_even_before_it_holds_one(case: Case) -> None:
    case.graph.tenant.add_group("future-admins", [TOM], isAssignableToRole=True, securityEnabled=True)
    with pytest.raises(Refused, match="account_protected"):
        await case.reset()


@pytest.mark.parametrize("what", ["roleAssignments", "roleEligibilityScheduleInstances", "transitiveMemberOf"])
@pytest.mark.parametrize("how", ["500 before", "garbage"])
async def test_what_cannot_be_read_of_somebodys_roles_changes_nothing(case: Case, what: str, how: str) -> None:
    case.graph.fail_next(f"GET /{what}", how, times=2 if "before" in how else 1)
    with pytest.raises(ConnectorError):
        await case.reset()
    assert case.graph.tenant.effects == []


async def test_roles_that_may_not_be_read_change_nothing_unless_the_tenant_has_none(tmp_path: Path) -> None:
    lacking = {"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory"}
    async with fake_graph(tmp_path, CHANGING - lacking) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        strict = EntraAccounts(graph.settings(), graph.outside)
        with pytest.raises(ConnectorError, match="loket doctor"):
            await strict.set_temporary_credential(TOM, SecretStr(NEW), "a-1")
        await strict.close()
        without_pim = EntraAccounts(graph.settings(eligible_roles=False), graph.outside)
        await without_pim.set_temporary_credential(TOM, SecretStr(NEW), "a-1")
        await without_pim.close()
        assert graph.tenant.effects == [("password", TOM)]


# --- passwords ---------------------------------------------------------------------------------------------------


async def test_passwords_are_left_alone_unless_that_is_set(case: Case) -> None:
    closed = EntraAccounts(case.graph.settings(allow_password_reset=False), case.graph.outside)
    with pytest.raises(Refused, match="reset_not_allowed"):
        await closed.set_temporary_credential(TOM, SecretStr(NEW), "a-1")
    await closed.close()
    assert case.graph.asked("PATCH /users") == 0


async def test_a_synced_password_is_not_touched_here(case: Case) -> None:
    case.graph.tenant.users[TOM]["onPremisesSyncEnabled"] = True
    with pytest.raises(Refused, match="password_elsewhere"):
        await case.reset()
    assert case.graph.asked("PATCH /users") == 0


@pytest.mark.parametrize("kind", ["Federated", None])
async def test_a_password_of_another_sign_in_system_is_not_touched_here(case: Case, kind: str | None) -> None:
    case.graph.tenant.domains = {"dhb.example": kind} if kind else {}
    with pytest.raises(Refused, match="password_elsewhere"):
        await case.reset()
    assert case.graph.asked("PATCH /users") == 0


async def test_a_missing_role_and_a_refused_password_are_said_so_that_somebody_can_act(case: Case) -> None:
    with pytest.raises(Refused, match="password_rules"):
        await case.accounts.set_temporary_credential(TOM, SecretStr("short"), "a-1")
    case.graph.tenant.assigned.clear()
    with pytest.raises(Refused, match="not_delegated"):
        await case.reset()
    assert case.graph.tenant.effects == []


@pytest.mark.parametrize("how", ["500 before", "500 after", "cut after", "429 60"])
async def test_sessions_that_are_not_ended_make_the_reset_no_less_done(case: Case, how: str) -> None:
    case.graph.fail_next("POST /revokeSignInSessions", how)
    await case.reset()
    assert case.graph.tenant.signs_in(TOM, NEW) == "must_change"
    assert case.graph.asked("POST /revokeSignInSessions") == 1


async def test_a_token_that_ends_in_the_middle_of_a_reset_does_no_harm(case: Case) -> None:
    await case.accounts.by_id(TOM)
    case.graph.login.expire_all()
    await case.reset()
    assert case.graph.tenant.effects == [("password", TOM)]


async def test_nobody_can_lift_the_lock_and_it_is_said(case: Case) -> None:
    with pytest.raises(Refused, match="unlock_by_waiting"):
        await case.accounts.unlock(TOM, "a-1")
    account = await case.accounts.by_id(TOM)
    assert account is not None
    assert not account.locked
    assert account.unlocked_at is None


# --- passes ------------------------------------------------------------------------------------------------------


async def test_an_administrators_pass_is_not_ended_by_ours(case: Case) -> None:
    theirs = case.graph.tenant.make_pass(TOM, 120, once=False)
    with pytest.raises(Refused, match="pass_in_force"):
        await case.make_pass()
    assert case.graph.tenant.passes[TOM] == [theirs]
    assert case.graph.asked("POST /temporaryAccessPassMethods") == 0


async def test_a_spent_pass_makes_room(case: Case) -> None:
    case.graph.tenant.make_pass(TOM, 30, once=True)["used"] = True
    assert case.graph.tenant.pass_works(TOM, await case.make_pass())
    case.graph.tenant.make_pass(SANNE, 30, once=True, began=datetime.now(UTC) - timedelta(hours=1))
    assert case.graph.tenant.pass_works(SANNE, await case.make_pass(SANNE))


async def test_our_own_pass_is_replaced_for_whoever_did_not_get_it(case: Case) -> None:
    first, second = await case.make_pass(), await case.make_pass()
    assert not case.graph.tenant.pass_works(TOM, first)
    assert case.graph.tenant.pass_works(TOM, second)


async def test_passes_are_left_alone_when_that_is_set(case: Case) -> None:
    closed = EntraAccounts(case.graph.settings(allow_access_pass=False), case.graph.outside)
    with pytest.raises(Refused, match="no_access_pass"):
        await closed.issue_access_pass(TOM, SecretStr(NEW), 30, "a-2")
    await closed.close()
    assert case.graph.asked("POST /temporaryAccessPassMethods") == 0


@pytest.mark.parametrize("how", ["500 after", "cut after", "garbage", "list"])
async def test_a_pass_whose_code_was_lost_is_taken_back(case: Case, how: str) -> None:
    tenant = case.graph.tenant
    if how in ("garbage", "list"):
        tenant.make_pass(TOM, 30, once=True)["used"] = True  # a spent one that goes first
        answer = case.graph.answer

        async def made_but_garbled(request: object) -> object:
            reply = await answer(request)  # type: ignore[arg-type]
            if getattr(request, "method", "") == "POST" and getattr(request, "path", "").endswith("Methods"):
                reply.body = b"<html>" if how == "garbage" else b"[]"
            return reply

        assert case.graph.front is not None
        case.graph.front._handler = made_but_garbled  # type: ignore[assignment]
    else:
        case.graph.fail_next("POST /temporaryAccessPassMethods", how)
    with pytest.raises(ConnectorError, match="deleted again") as failure:
        await case.make_pass()
    assert not isinstance(failure.value, EffectUnknown)
    assert tenant.passes[TOM] == []


@pytest.mark.parametrize("how", ["500 before", "cut before"])
async def test_a_pass_that_may_still_come_is_not_known(case: Case, how: str) -> None:
    case.graph.fail_next("POST /temporaryAccessPassMethods", how)
    with pytest.raises(EffectUnknown):
        await case.make_pass()
    assert case.graph.asked("POST /temporaryAccessPassMethods") == 1


async def test_a_lost_pass_that_cannot_be_looked_for_is_not_known(case: Case) -> None:
    case.graph.fail_next("POST /temporaryAccessPassMethods", "500 after")
    case.graph.fail_next("DELETE /temporaryAccessPassMethods", "500 before")
    with pytest.raises(EffectUnknown):
        await case.make_pass()


async def test_a_lost_pass_never_looks_like_a_replaced_credential(case: Case) -> None:
    before = await case.accounts.by_id(TOM)
    case.graph.fail_next("POST /temporaryAccessPassMethods", "500 before")
    with pytest.raises(EffectUnknown):
        await case.make_pass()
    await case.make_pass()
    after = await case.accounts.by_id(TOM)
    assert before is not None
    assert after is not None
    assert before.credential_changed_at == after.credential_changed_at  # else a doubt would be settled as done


async def test_one_fault_costs_at_most_one_pass_over_many_runs(case: Case) -> None:
    for number, how in enumerate(["500 before", "500 after", "cut before", "cut after", "429 0"] * 4):
        user = case.graph.tenant.add_user(f"person{number}", employeeId=f"P{number}")
        case.graph.fail_next("POST /temporaryAccessPassMethods", how)
        try:
            code = await case.make_pass(user)
        except ConnectorError:
            assert not any(case.graph.tenant.usability(one)[0] for one in case.graph.tenant.passes.get(user, ()))
        else:
            assert case.graph.tenant.pass_works(user, code)
        assert case.graph.tenant.effects.count(("pass", user)) <= 1


async def test_neither_password_nor_pass_is_in_any_log_or_error(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code, texts = await case.make_pass(), list[str]()
    for what, how, attempt in (
        ("PATCH /users", "500 after", case.reset),
        ("PATCH /users", "cut after", case.reset),
        ("POST /temporaryAccessPassMethods", "500 after", case.make_pass),
    ):
        case.graph.fail_next(what, how)
        with pytest.raises(ConnectorError) as failure:
            await attempt()
        texts += [str(failure.value), repr(failure.value), repr(failure.value.__cause__)]
    everything = " ".join(texts) + caplog.text
    secrets = [NEW, code, case.graph.login.secret, *case.graph.login.issued]
    assert [secret for secret in secrets if secret in everything] == []


# --- powers and the doctor ---------------------------------------------------------------------------------------


async def test_an_application_that_only_reads_has_no_powers(tmp_path: Path) -> None:
    async with fake_graph(tmp_path, READING) as graph:
        reader = EntraAccountReader(graph.settings(), graph.outside)
        assert list(await reader.powers()) == []
        seen = await reader.examine()
        assert [one for one in seen if one.fatal and not one.good] == []
        await reader.close()


@pytest.mark.parametrize(
    "power",
    [
        "User.ReadWrite.All",
        "Directory.ReadWrite.All",
        "UserAuthenticationMethod.ReadWrite.All",
        "User-PasswordProfile.ReadWrite.All",
        "User.RevokeSessions.All",
        "Mail.Send",
        "RoleManagement.ReadWrite.Directory",
        "full_access_as_app",
    ],
)
async def test_every_permission_that_does_more_than_read_is_a_power(tmp_path: Path, power: str) -> None:
    async with fake_graph(tmp_path, READING | {power}) as graph:
        reader = EntraAccountReader(graph.settings(), graph.outside)
        assert list(await reader.powers()) == [f"Entra ID ({power})"]
        seen = await reader.examine()
        await reader.close()
        assert [one for one in seen if one.fatal and not one.good and power in one.detail]


async def test_a_directory_role_of_the_application_is_a_power(tmp_path: Path) -> None:
    async with fake_graph(tmp_path, READING) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        reader = EntraAccountReader(graph.settings(), graph.outside)
        assert list(await reader.powers()) == [f"Entra ID (directory role {USER_ADMINISTRATOR})"]
        await reader.close()


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "e30.W10.e30", "e30.eyJyb2xlcyI6NX0.e30", "e30.e30.e30"])
async def test_a_token_that_does_not_say_is_a_power(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_graph(tmp_path, READING) as graph:
        graph.login.issued[token] = float("inf")
        monkeypatch.setattr(type(graph.login), "make_token", lambda _self: token)
        reader = EntraAccountReader(graph.settings(), graph.outside)
        assert len(await reader.powers()) == 1
        await reader.close()


async def test_the_doctor_is_content_with_what_the_manual_says(case: Case) -> None:
    seen = await case.accounts.examine()
    assert [one for one in seen if not one.good] == []
    assert case.graph.tenant.effects == []


@pytest.mark.parametrize(
    ("lacking", "what", "fatal"),
    [
        ("User-PasswordProfile.ReadWrite.All", "temporary passwords", True),
        ("UserAuthMethod-TAP.ReadWrite.All", "Temporary Access Passes", True),
        ("User.RevokeSessions.All", "ending sessions", False),
        ("AuditLog.Read.All", "when a phone number changed", False),
        ("RoleEligibilitySchedule.Read.Directory", "", True),
    ],
)
async def test_the_doctor_names_what_is_missing_for_what(tmp_path: Path, lacking: str, what: str, fatal: bool) -> None:
    held = CHANGING - {lacking}
    if lacking.startswith("RoleEligibility"):
        held -= {"RoleManagement.Read.Directory"}
        what = "may become an administrator"
    async with fake_graph(tmp_path, held) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        accounts = EntraAccounts(graph.settings(), graph.outside)
        seen = [one for one in await accounts.examine() if not one.good and what in one.what]
        await accounts.close()
        assert lacking in seen[0].detail
        assert seen[0].fatal is fatal
        assert seen[0].advice


async def test_the_doctor_names_a_narrower_permission_that_would_do(tmp_path: Path) -> None:
    narrow = {"UserAuthMethod-TAP.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "User.RevokeSessions.All"}
    broad = {"UserAuthenticationMethod.ReadWrite.All", "User.ReadWrite.All"}
    async with fake_graph(tmp_path, (CHANGING - narrow) | broad) as graph:
        graph.tenant.assign(SERVICE_PRINCIPAL, USER_ADMINISTRATOR)
        accounts = EntraAccounts(graph.settings(), graph.outside)
        seen = [one for one in await accounts.examine() if not one.good]
        await accounts.close()
        await accounts.close()  # whoever shares a client may close it twice
        assert [one.advice.split()[0] for one in seen] == [
            "User-PasswordProfile.ReadWrite.All",
            "User.RevokeSessions.All",
            "UserAuthMethod-TAP.ReadWrite.All",
        ]
        assert not any(one.fatal for one in seen)


async def test_the_doctor_sees_missing_and_needless_roles_groups_and_numbers(case: Case) -> None:
    tenant = case.graph.tenant
    tenant.assigned.clear()
    tenant.assign(SERVICE_PRINCIPAL, "62e90394-69f5-4237-9190-012177145e10")
    case.graph.login.roles.add("Mail.Send")
    del tenant.groups[guid("group-board")]
    tenant.groups[guid("group-admins")]["securityEnabled"] = False
    for user in tenant.users.values():
        user["employeeId"] = None
    bad = {(one.what, one.detail) for one in await case.accounts.examine() if not one.good}
    assert ("Entra ID: directory role of the application", "missing: User Administrator") in bad
    assert ("Entra ID: no more than needed", "too much: Mail.Send") in bad
    assert ("Entra ID: group board", "there is no such group") in bad
    assert ("Entra ID: group admins", "it is no security group") in bad
    assert any(what == "Entra ID: numbers of people" for what, _ in bad)


async def test_the_doctor_stops_at_a_refused_sign_in_with_one_line(case: Case) -> None:
    case.graph.login.refuse_with = 7000215
    (seen,) = await case.accounts.examine()
    assert not seen.good
    assert "client secret" in seen.detail
