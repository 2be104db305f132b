"""Tools that change an account touch the subject's own account, once, and can tell afterwards whether they did."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import EffectUnknown, Refused, ToolFailed, ToolRetry
from core.risk import Risk
from tests.tool_room import SECRET, ToolRoom

SANNE, TOM, MILA, RUBEN = "E1001", "E1002", "E1005", "E1012"
RESETS = [("reset_my_password", SANNE, {}), ("reset_for_caller", MILA, {"caller": SANNE})]
RESETS.append(("reset_password_for", MILA, {"person": SANNE}))


@pytest.fixture
def room(tmp_path: Path) -> ToolRoom:
    return ToolRoom(tmp_path)


@pytest.mark.parametrize(("name", "requester", "arguments"), RESETS)
async def test_a_reset_replaces_the_credential_of_the_subject(
    room: ToolRoom, name: str, requester: str, arguments: dict[str, str]
) -> None:
    account = (await room.accounts.of(SANNE))[0].account_id
    effect = await room.act(requester, name, about=SANNE, **arguments)
    assert room.effects() == [("credential_set", account, "action-1")]
    assert room.world.signs_in(account, SECRET) == "must_change"
    assert SECRET not in repr(effect)


@pytest.mark.parametrize(("name", "requester", "arguments"), RESETS)
async def test_a_draft_says_whose_password_and_what_they_do_here(
    room: ToolRoom, name: str, requester: str, arguments: dict[str, str]
) -> None:
    draft = await room.draft(requester, name, about=SANNE, **arguments)
    assert "Sanne de Wit (E1001)" in draft.title
    assert draft.facts[1].value == "Policy adviser, Nautical Affairs, Rotterdam"
    assert room.effects() == []


@pytest.mark.parametrize(("name", "requester", "arguments"), RESETS)
async def test_a_doubtful_reset_is_recognised_afterwards(
    room: ToolRoom, name: str, requester: str, arguments: dict[str, str]
) -> None:
    reconcile = room.tool(name).reconcile
    assert reconcile is not None
    context = await room.acting(requester, SANNE)
    assert await reconcile(context, **arguments) is None
    room.world.fail_next("accounts", "after")
    with pytest.raises(EffectUnknown):
        await room.act(requester, name, about=SANNE, **arguments)
    assert await reconcile(context, **arguments) is not None


async def test_a_reset_of_yesterday_does_not_prove_the_one_of_today(room: ToolRoom) -> None:
    await room.act(SANNE, "reset_my_password")
    room.later(days=1)
    reconcile = room.tool("reset_my_password").reconcile
    assert reconcile is not None
    assert await reconcile(await room.acting(SANNE)) is None


async def test_a_pass_restores_access_and_leaves_the_password(room: ToolRoom) -> None:
    account = (await room.accounts.of(SANNE))[0].account_id
    room.world.set_credential(account, "her own words")
    await room.act(SANNE, "restore_access")
    assert room.effects() == [("access_pass_issued", account, "action-1")]
    assert room.world.signs_in(account, "her own words") == "ok"
    assert room.world.pass_works(account, SECRET)
    room.later(minutes=61)
    assert not room.world.pass_works(account, SECRET)


async def test_unlocking_leaves_the_password(room: ToolRoom) -> None:
    account = (await room.accounts.of(SANNE))[0].account_id
    room.world.set_credential(account, "her own words")
    room.world.lock_account(account)
    assert (await room.draft(SANNE, "unlock_my_account")).notice == ""
    await room.act(SANNE, "unlock_my_account")
    assert room.world.signs_in(account, "her own words") == "ok"
    reconcile = room.tool("unlock_my_account").reconcile
    assert reconcile is not None
    assert await reconcile(await room.acting(SANNE)) is not None
    room.later(hours=1)
    assert await reconcile(await room.acting(SANNE)) is None


async def test_who_is_not_locked_out_hears_so_with_the_draft(room: ToolRoom) -> None:
    assert "does not look locked" in (await room.draft(SANNE, "unlock_my_account")).notice


async def test_there_is_no_way_to_name_another_account(room: ToolRoom) -> None:
    for name in ("reset_my_password", "unlock_my_account", "restore_access"):
        for field in ("account", "employee_id", "person", "requester"):
            with pytest.raises(ToolRetry, match="Extra inputs"):
                room.tool(name).check({field: TOM})


@pytest.mark.parametrize("name", ["reset_my_password", "unlock_my_account", "restore_access"])
async def test_an_account_of_somebody_else_is_never_touched(room: ToolRoom, name: str) -> None:
    toms = (await room.accounts.of(TOM))[0]
    for account in (None, toms, replace(toms, employee_id=None)):
        with pytest.raises(ToolFailed, match="no account of their own"):
            await room.tool(name).run(replace(await room.acting(SANNE), account=account))
    assert room.effects() == []


async def test_without_a_credential_nothing_is_reset(room: ToolRoom) -> None:
    for name in ("reset_my_password", "restore_access"):
        with pytest.raises(ToolFailed, match="no temporary credential"):
            await room.tool(name).run(replace(await room.acting(SANNE), credential=None))
    assert room.effects() == []


async def test_the_connector_still_refuses_an_admin_account(room: ToolRoom) -> None:
    context = await room.acting(RUBEN)
    admin = next(account for account in await room.accounts.of(RUBEN) if account.kind != "ordinary")
    with pytest.raises(Refused):
        await room.tool("reset_my_password").run(replace(context, account=admin))
    assert room.effects() == []


async def test_only_the_service_desk_is_offered_tools_about_others(room: ToolRoom) -> None:
    for_others = {"reset_for_caller", "reset_password_for"}
    assert for_others.isdisjoint(loaded.name for loaded in room.registry.offered_to(await room.employee(SANNE)))
    assert for_others <= {loaded.name for loaded in room.registry.offered_to(await room.employee(MILA))}


def test_risks_are_as_the_design_says(room: ToolRoom) -> None:
    risks = {name: room.tool(name).risk for name in room.registry.names}
    assert {name for name, risk in risks.items() if risk is Risk.SENSITIVE} == {
        "reset_my_password",
        "unlock_my_account",
        "reset_for_caller",
    }
    assert {name for name, risk in risks.items() if risk is Risk.CRITICAL} == {"restore_access", "reset_password_for"}
    for name, risk in risks.items():
        assert room.tool(name).proof is (risk.rank >= Risk.SENSITIVE.rank)
