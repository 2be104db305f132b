"""Each of these was once possible, or would be with one line less."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions.own_tools import own_tools
from actions.prepare import _must_have_been_named
from actions.records import State
from actions.results import not_me_code
from actions.tables import actions, holds, rule_versions
from connectors.accounts import Account, AccountKind
from core.errors import Refused, ToolRetry
from core.events import Address, Click, Verb
from core.people import ChannelIdentity
from storage import now
from storage.faultpoint import install
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.context import ActionContext, Effect
from tools.spec import NOBODY


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        yield room


async def proved(room: GateOnly, who: str = "E1001", tool: str = "reset_my_password") -> str:
    action_id = await room.propose(who, tool)
    await room.prove(who, action_id)
    return action_id


async def approved(room: GateOnly, who: str = "E1001", tool: str = "reset_my_password") -> str:
    action_id = await proved(room, who, tool)
    await room.click("E1003", action_id, "approve")
    return action_id


def change(room: GateOnly, action_id: str, **values: Any) -> None:
    with room.database.transaction() as tx:
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(**values))


@pytest.mark.parametrize("typed", ["٣٤٥٦٧٨", "²²²²²²", "\0", "é", "\ud800", "", "1" * 10_000])
async def test_an_odd_code_is_a_wrong_code_and_counts_as_a_try(room: GateOnly, typed: str) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")

    decisions = [await room.click("E1001", action_id, "prove", code=typed) for _ in range(5)]

    assert not any(decision.accepted for decision in decisions)
    assert await room.state(action_id) is State.REFUSED


@pytest.mark.parametrize("typed", ["é" * 12, "\ud800", "\0", "", "٣" * 12])
async def test_an_odd_not_me_code_is_refused(room: GateOnly, typed: str) -> None:
    await approved(room)
    await room.settle()

    with pytest.raises(Refused, match="code_unknown"):
        await room.gate.not_me(typed)


async def test_a_new_code_gives_no_new_guesses(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "reset_my_password")
    await room.click("E1001", action_id, "confirm")
    for _ in range(4):
        await room.click("E1001", action_id, "prove", code="000000")
    room.advance_clock(timedelta(seconds=62))
    await room.click("E1001", action_id, "send_code")

    await room.click("E1001", action_id, "prove", code="000000")

    assert await room.state(action_id) is State.REFUSED


@pytest.mark.parametrize("action_id", ["\0", "é", "\ud800", "x" * 500, "' OR 1=1 --", ""])
async def test_an_odd_action_id_is_no_such_action(room: GateOnly, action_id: str) -> None:
    identity = ChannelIdentity("terminal", "local", "E1003")
    click = Click("e" * 400, identity, Address("terminal", "local", "E1003"), action_id, Verb.APPROVE, {})

    decision = await room.gate.decide(click, await room.employee("E1003"))

    assert not decision.accepted


async def test_a_denial_with_characters_no_database_takes_still_denies(room: GateOnly) -> None:
    action_id = await proved(room)

    decision = await room.click("E1003", action_id, "deny", reason="no\0\ud800" + "x" * 1000)

    assert decision.accepted
    assert await room.state(action_id) is State.DENIED


async def test_the_kill_switch_works_whatever_is_said_with_it(room: GateOnly) -> None:
    assert await room.gate.switch_off(await room.employee("E1009"), "*", "\0stop " * 1000)

    with pytest.raises(Refused, match="switched_off"):
        await room.propose("E1001", "unlock_my_account")


@pytest.mark.parametrize(
    "values",
    [
        {"approvals_needed": 0, "state": "approved"},
        {"approver_groups": ["all-staff"]},
        {"proof_needed": False, "proof_method": "", "state": "awaiting_approval"},
        {"proof_method": "code", "proof_stamp": "k.AAAA.AAAA", "state": "awaiting_approval"},
        {"tier": "write", "approvals_needed": 0, "state": "approved"},
    ],
)
async def test_a_row_rewritten_before_its_time_does_not_run(room: GateOnly, values: dict[str, Any]) -> None:
    action_id = await room.propose("E1008", "reset_my_password")
    moment = (await room.action(action_id)).expires_at - timedelta(minutes=1)
    change(room, action_id, due_at=moment, asked_at=moment, **values)

    for who in ("E1002", "E1003"):
        await room.click(who, action_id, "approve", callback="yes")
    await room.gate.advance(action_id)

    assert room.effects() == []


@pytest.mark.sampled(0.5)
async def test_a_draft_set_to_approved_in_the_database_is_not_filed(room: GateOnly) -> None:
    action_id = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")
    change(room, action_id, state="approved")

    await room.gate.advance(action_id)

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


async def test_a_broken_seal_is_told_to_security(room: GateOnly) -> None:
    action_id = await proved(room)
    change(room, action_id, nonce="0" * 32)

    decision = await room.click("E1003", action_id, "approve")

    assert not decision.accepted
    with room.database.reading() as tx:
        keys = list(tx.execute(sa.text("SELECT key FROM outbox")).scalars())
    assert f"alert:alert_tampered:{action_id}:security" in keys


async def test_a_result_is_kept_also_when_the_directory_fails_right_after_the_effect(room: GateOnly) -> None:
    action_id = await approved(room)

    def hook(name: str) -> None:
        if name == "executor.acted":
            for _ in range(20):
                room.world.fail_next("directory", "refuse")

    install(hook)
    try:
        await room.gate.advance(action_id)
    finally:
        install(None)

    assert await room.state(action_id) is State.DONE
    with room.database.reading() as tx:
        notices = tx.execute(sa.text("SELECT count(*) FROM outbox WHERE kind = 'notify'")).scalar_one()
    assert notices == 3


async def test_a_sweep_expires_what_is_too_old_also_while_the_directory_is_down(room: GateOnly) -> None:
    action_id = await proved(room)
    room.advance_clock(timedelta(days=9))
    for _ in range(20):
        room.world.fail_next("directory", "refuse")

    await room.gate.sweep()

    assert await room.state(action_id) is State.EXPIRED


async def test_an_executor_that_was_paused_after_its_claim_does_not_act_late(room: GateOnly) -> None:
    """SIGSTOP between claim and effect: meanwhile others have called it unknown, and a person may have looked."""
    action_id = await approved(room)

    def hook(name: str) -> None:
        if name == "executor.claimed":
            room.advance_clock(timedelta(seconds=45))

    install(hook)
    try:
        await room.gate.advance(action_id)
    finally:
        install(None)

    assert (await room.state(action_id), room.effects()) == (State.FAILED, [])


async def test_the_kill_switch_holds_also_between_the_claim_and_the_effect(room: GateOnly) -> None:
    action_id = await approved(room)

    def hook(name: str) -> None:
        if name == "executor.claimed":
            with room.database.transaction() as tx:
                from actions.switches import switch_off

                switch_off(tx, "employee:E1009", "*", "now")

    install(hook)
    try:
        await room.gate.advance(action_id)
    finally:
        install(None)

    assert (await room.state(action_id), room.effects()) == (State.FAILED, [])


async def test_a_doubt_about_somebody_who_has_left_is_still_cleared_up(room: GateOnly) -> None:
    action_id = await approved(room)
    room.world.fail_next("accounts", "after")
    await room.settle()
    room.world.set_groups("E1003", [])
    room.world.deactivate("E1001")

    await room.gate.sweep()

    assert await room.state(action_id) is State.DONE


async def test_one_tools_broken_reading_does_not_keep_the_sweep_from_the_others(room: GateOnly) -> None:
    action_id = await approved(room)
    room.world.fail_next("accounts", "after")
    await room.settle()
    waiting = await proved(room, "E1002")
    tool = room.gate.parts.tool("reset_my_password")

    async def broken(ctx: ActionContext, **_arguments: object) -> Effect:
        raise RuntimeError("a bug")

    room.gate.parts = replace(room.gate.parts, own_tools={"reset_my_password": replace(tool, reconcile=broken)})
    room.advance_clock(timedelta(days=9))

    await room.gate.sweep()

    assert (await room.state(action_id), await room.state(waiting)) == (State.UNKNOWN, State.EXPIRED)


async def test_a_comment_in_doubt_can_be_settled_by_those_who_were_alerted_and_nobody_else(room: GateOnly) -> None:
    ticket = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")
    await room.click("E1001", ticket, "confirm")
    await room.settle()
    reference = (await room.action(ticket)).reference
    action_id = await room.propose("E1001", "comment_on_ticket", ticket_id=reference, text="more")
    await room.click("E1001", action_id, "confirm")
    room.world.fail_next("tickets", "after")
    await room.settle()
    assert await room.state(action_id) is State.UNKNOWN

    with pytest.raises(Refused):
        await room.gate.settle(action_id, await room.employee("E1001"), done=True)
    decision = await room.gate.settle(action_id, await room.employee("E1011"), done=True)

    assert decision.accepted
    assert await room.state(action_id) is State.DONE
    assert not (await room.gate.settle(action_id, await room.employee("E1029"), done=False)).accepted


async def test_a_tool_that_says_nothing_of_repeating_is_not_repeated_after_a_crash(room: GateOnly) -> None:
    """The ticket system recognises a repeat; that says nothing about a plug-in that files no ticket."""
    action_id = await room.propose("E1001", "create_ticket", queue="IT", summary="m", description="d")
    await room.click("E1001", action_id, "confirm")
    tool = replace(room.gate.parts.tool("create_ticket"), repeats_with="", reconcile=None)
    room.gate.parts = replace(room.gate.parts, own_tools={})
    room.gate.parts.registry.get("create_ticket")
    change(room, action_id, state="executing", due_at=(await room.action(action_id)).created_at)

    class Registry:
        def get(self, *_asked: Any) -> Any:
            return type("Loaded", (), {"tool": tool, "rate_limit": None})()

        sealed = get

    assert tool.subject == NOBODY
    room.gate.parts = replace(room.gate.parts, registry=Registry())
    await room.gate.advance(action_id)

    assert (await room.state(action_id), room.effects()) == (State.UNKNOWN, [])


async def test_of_two_rules_changes_from_the_same_version_only_one_is_said_to_be_done(room: GateOnly) -> None:
    book = room.gate.parts.rules
    change_rules = own_tools(room.database, book, lambda: room.gate.parts)["change_rules"]
    with room.database.reading() as tx:
        document = book.document(tx, 1)
    person = await room.employee("E1009")
    context = ActionContext("c1", person, person, None, None, _now(room), room.gate.parts.systems.change)

    await change_rules.run(context, base=1, document=document + "\n# one")
    await change_rules.run(context, base=1, document=document + "\n# one")  # the same again, after a crash
    with pytest.raises(Refused, match="rules_changed"):
        await change_rules.run(replace(context, key="second"), base=1, document=document + "\n# two")

    with room.database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(rule_versions)).scalar_one() == 2


async def test_a_hold_stops_also_what_was_filed_at_the_very_same_moment(room: GateOnly) -> None:
    action_id = await approved(room)
    with room.database.transaction() as tx:
        tx.add(holds, employee_id="E1001", until=now(tx) + timedelta(hours=1), action_id="another")

    await room.settle()

    assert (await room.state(action_id), room.effects()) == (State.REFUSED, [])


@pytest.mark.sampled(0.5)
async def test_a_busy_day_never_leaves_a_request_that_nobody_can_approve(room: GateOnly) -> None:
    """The brake asks for one more person, not for one more with every vote."""
    for who in ("E1002", "E1007", "E1010", "E1009", "E1017"):
        action_id = await proved(room, who)
        for approver in ("E1003", "E1004", "E1006", "E1022"):
            await room.click(approver, action_id, "approve")
    waiting = await proved(room)

    for approver in ("E1003", "E1004"):
        await room.click(approver, waiting, "approve")

    assert await room.state(waiting) is State.APPROVED
    assert (await room.action(waiting)).approvals_needed == 2


async def test_an_approver_who_lost_the_group_a_second_ago_does_not_vote(room: GateOnly) -> None:
    """The web page may remember who signed in; the gate looks again."""
    action_id = await proved(room)
    remembered = await room.employee("E1003")
    room.world.set_groups("E1003", ["all-staff"])
    identity = ChannelIdentity("terminal", "local", "E1003")
    click = Click("e", identity, Address("terminal", "local", "E1003"), action_id, Verb.APPROVE, {})

    assert not (await room.gate.decide(click, remembered)).accepted


async def test_a_word_of_a_family_name_that_any_sentence_holds_names_nobody(room: GateOnly) -> None:
    director = await room.employee("E1008")  # Henriëtte van Loon
    account = Account("henriette.vanloon", "E1008", AccountKind.ORDINARY, True, False, frozenset())

    with pytest.raises(ToolRetry, match="has not named"):
        _must_have_been_named(director, account, ["reset het wachtwoord van de collega op kamer 3"])
    _must_have_been_named(director, account, ["het wachtwoord van henriette"])


def _now(room: GateOnly) -> Any:
    with room.database.reading() as tx:
        return now(tx)


async def test_not_me_codes_differ_from_action_to_action(room: GateOnly) -> None:
    ids = [await proved(room, who) for who in ("E1001", "E1002")]
    assert len({not_me_code(await room.action(action_id)) for action_id in ids}) == 2


def test_the_outside_file_of_a_room_is_a_copy_of_its_own() -> None:
    with room_on() as one, room_on() as two:
        one.world.deactivate("E1001")
        with closing(sqlite3.connect(two.home / "outside.db")) as connection:
            assert connection.execute("SELECT active FROM people WHERE employee_id = 'E1001'").fetchone() == (1,)


async def test_a_report_is_heard_also_after_a_busy_month(room: GateOnly) -> None:
    action_id = await approved(room)
    await room.settle()
    done = await room.action(action_id)
    with room.database.transaction() as tx:
        row = dict(tx.execute(sa.select(actions).where(actions.c.action_id == action_id)).mappings().one())
        later = {"created_at": done.created_at + timedelta(minutes=1), "open_subject": None}
        rows = [{**row, **later, "action_id": f"later-{number}", "nonce": f"{number}"} for number in range(1_200)]
        tx.execute(sa.insert(actions), rows)

    assert (await room.gate.not_me(not_me_code(done))).accepted


async def test_an_action_that_was_claimed_once_cannot_be_played_again_by_whoever_writes_the_table(
    room: GateOnly,
) -> None:
    """Its seal, votes and stamps are genuine for ever: that it ran is in the audit, which nobody can take away."""
    action_id = await approved(room)
    await room.settle()
    before = (await room.action(action_id)).state, len(room.world.effects())
    with room.database.transaction() as tx:
        again = {"state": "approved", "due_at": now(tx) + timedelta(minutes=10), "version": 90}
        tx.execute(sa.update(actions).where(actions.c.action_id == action_id).values(**again))

    await room.gate.advance(action_id)
    await room.settle()

    assert before == (State.DONE, len(room.world.effects()))
    assert (await room.action(action_id)).state is State.REFUSED
