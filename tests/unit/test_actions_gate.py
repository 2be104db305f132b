"""The gate, played as its users would: each test is one thing that must, or must never, happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.tables import actions
from core.errors import Refused, ToolRetry
from core.people import ChannelIdentity
from storage import Database
from tests.gate_only import GateOnly

pytest_plugins: list[str] = []


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[GateOnly]:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    desk = GateOnly(database, tmp_path)
    await desk.gate.open()
    yield desk
    database.close()


async def proved_reset(desk: GateOnly, employee_id: str = "E1001") -> str:
    action_id = await desk.propose(employee_id, "reset_my_password")
    decision = await desk.prove(employee_id, action_id)
    assert decision.accepted
    return action_id


async def test_a_reset_happens_after_proof_and_one_approval_and_the_new_credential_works(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)

    await desk.click("E1003", action_id, "approve")
    await desk.settle()

    assert await desk.state(action_id) is State.DONE
    assert desk.effects() == [("credential_set", "sanne.dewit")]
    assert desk.world.signs_in("sanne.dewit", desk.last_secret("private_mail")) == "must_change"


async def test_nothing_happens_before_somebody_approves(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)

    await desk.settle()
    await desk.gate.advance(action_id)
    await desk.gate.sweep()
    await desk.settle()

    assert await desk.state(action_id) is State.AWAITING_APPROVAL
    assert desk.effects() == []


async def test_nobody_approves_their_own_reset(desk: GateOnly) -> None:
    action_id = await proved_reset(desk, "E1003")

    decision = await desk.click("E1003", action_id, "approve")

    assert not decision.accepted
    assert "own request" in decision.text
    assert await desk.state(action_id) is State.AWAITING_APPROVAL


async def test_an_alias_account_is_the_same_person(desk: GateOnly) -> None:
    action_id = await proved_reset(desk, "E1003")
    desk.world.map_identity(ChannelIdentity("slack", "T-OTHER", "U-ALIAS"), "E1003")
    alias = await desk.directory.by_identity(ChannelIdentity("slack", "T-OTHER", "U-ALIAS"))
    assert alias is not None

    decision = await desk.click(alias.employee_id, action_id, "approve")

    assert not decision.accepted
    assert await desk.state(action_id) is State.AWAITING_APPROVAL


async def test_the_person_it_is_about_does_not_approve_it(desk: GateOnly) -> None:
    action_id = await desk.propose("E1005", "reset_for_caller", said="E1004 is on the phone", caller="E1004")
    await desk.prove("E1005", action_id)

    decision = await desk.click("E1004", action_id, "approve")

    assert not decision.accepted
    assert desk.effects() == []


async def test_somebody_without_the_right_group_changes_nothing(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)

    for employee_id in ("E1002", "E1005", "E1007", "E1014", "E1015", "E1016"):
        decision = await desk.click(employee_id, action_id, "approve")
        assert not decision.accepted, employee_id

    assert await desk.state(action_id) is State.AWAITING_APPROVAL


async def test_the_first_no_is_final(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)

    denied = await desk.click("E1004", action_id, "deny", reason="I cannot reach her")
    late = await desk.click("E1003", action_id, "approve")
    await desk.settle()

    assert denied.accepted
    assert not late.accepted
    assert await desk.state(action_id) is State.DENIED
    assert desk.effects() == []


async def test_an_old_card_clicked_again_changes_nothing(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    await desk.settle()

    for verb in ("approve", "deny", "take", "confirm", "cancel", "prove", "send_code", "no_code"):
        for employee_id in ("E1001", "E1003", "E1004"):
            decision = await desk.click(employee_id, action_id, verb, code="123456")
            assert not decision.accepted, (verb, employee_id)
    await desk.settle()

    assert len(desk.effects()) == 1


async def test_eight_parallel_clicks_and_executors_have_one_effect(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)

    clicks = [desk.click(who, action_id, "approve") for who in ("E1003", "E1004", "E1006", "E1003") * 2]
    decisions = await asyncio.gather(*clicks)
    await asyncio.gather(*(desk.gate.advance(action_id) for _ in range(8)), return_exceptions=True)
    await desk.settle()

    assert sum(decision.accepted for decision in decisions) == 1
    assert len(desk.effects()) == 1


async def test_a_vote_after_expiry_does_not_count(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    desk.advance_clock(timedelta(days=8))

    decision = await desk.click("E1003", action_id, "approve")
    await desk.gate.sweep()
    await desk.settle()

    assert not decision.accepted
    assert await desk.state(action_id) is State.EXPIRED
    assert desk.effects() == []


async def test_an_approved_action_that_nobody_claims_in_time_expires(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    desk.advance_clock(timedelta(minutes=16))

    await desk.settle()

    assert await desk.state(action_id) is State.EXPIRED
    assert desk.effects() == []


async def test_a_changed_argument_breaks_the_seal(desk: GateOnly) -> None:
    action_id = await desk.propose("E1005", "reset_for_caller", said="Tom Bakker calls", caller="E1002")
    await desk.prove("E1005", action_id)
    with desk.database.transaction() as tx:
        tx.execute(sa.update(actions).values(arguments={"caller": "E1008"}, subject_id="E1008"))

    decision = await desk.click("E1003", action_id, "approve")
    await desk.settle()

    assert not decision.accepted
    assert desk.effects() == []


@pytest.mark.parametrize(
    "column",
    ["tool_hash", "nonce", "account_id", "requester_id", "rule_version", "expires_at", "title", "facts"],
)
async def test_a_row_changed_after_approval_is_not_executed(desk: GateOnly, column: str) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    action = await desk.action(action_id)
    other = {
        "rule_version": 7,
        "expires_at": action.expires_at + timedelta(hours=1),
        "account_id": "tom.bakker",
        "requester_id": "E1002",
        "facts": [["diff", "-harmless"]],
    }.get(column, "0" * 64)
    with desk.database.transaction() as tx:
        tx.execute(sa.update(actions).values({column: other}))

    await desk.settle()

    assert await desk.state(action_id) is State.REFUSED
    assert desk.effects() == []


@pytest.mark.parametrize("shown", [{"title": "a ticket"}, {"facts": [["diff", "+ # a remark"]]}])
async def test_what_a_card_says_besides_the_arguments_is_sealed_too(desk: GateOnly, shown: dict[str, object]) -> None:
    """An approver in a hurry reads the difference, and not the four hundred lines that it is of."""
    action_id = await proved_reset(desk)
    with desk.database.transaction() as tx:
        tx.execute(sa.update(actions).values(**shown))

    decision = await desk.click("E1003", action_id, "approve")

    assert not decision.accepted
    assert await desk.state(action_id) is State.AWAITING_APPROVAL


async def test_an_approver_who_lost_the_group_before_the_claim_does_not_count(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    desk.world.set_groups("E1003", ["all-staff"])

    await desk.settle()

    assert await desk.state(action_id) is State.REFUSED
    assert desk.effects() == []


async def test_a_phone_changed_before_the_claim_stops_it(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    desk.world.change_contact("E1001", mobile="+31655509999", private_email="thief@mail.example")

    await desk.settle()

    assert desk.effects() == []
    assert desk.messages("private_mail") == []


async def test_a_phone_changed_yesterday_refuses_the_request(desk: GateOnly) -> None:
    with pytest.raises(Refused, match="contact_changed"):
        await desk.propose("E1013", "reset_my_password")


async def test_five_wrong_codes_close_the_request(desk: GateOnly) -> None:
    action_id = await desk.propose("E1001", "reset_my_password")
    await desk.click("E1001", action_id, "confirm")
    await desk.settle()
    right = desk.last_secret("sms")
    wrong = "000000" if right != "000000" else "111111"

    for _ in range(5):
        await desk.click("E1001", action_id, "prove", code=wrong)
    late = await desk.click("E1001", action_id, "prove", code=right)

    assert not late.accepted
    assert await desk.state(action_id) is State.REFUSED


async def test_a_code_older_than_ten_minutes_is_not_taken(desk: GateOnly) -> None:
    action_id = await desk.propose("E1001", "reset_my_password")
    await desk.click("E1001", action_id, "confirm")
    await desk.settle()
    desk.advance_clock(timedelta(minutes=11))

    decision = await desk.click("E1001", action_id, "prove", code=desk.last_secret("sms"))

    assert not decision.accepted
    assert await desk.state(action_id) is State.AWAITING_PROOF


async def test_nobody_else_types_the_code(desk: GateOnly) -> None:
    action_id = await desk.propose("E1001", "reset_my_password")
    await desk.click("E1001", action_id, "confirm")
    await desk.settle()

    decision = await desk.click("E1002", action_id, "prove", code=desk.last_secret("sms"))

    assert not decision.accepted
    assert await desk.state(action_id) is State.AWAITING_PROOF


async def test_without_a_code_two_people_approve_and_one_of_them_rings_first(desk: GateOnly) -> None:
    action_id = await desk.propose("E1001", "reset_my_password")
    await desk.click("E1001", action_id, "confirm")
    await desk.settle()
    await desk.click("E1001", action_id, "no_code")

    without_call = await desk.click("E1003", action_id, "approve")
    first = await desk.click("E1003", action_id, "approve", callback="yes")
    await desk.settle()
    assert desk.effects() == []
    second = await desk.click("E1004", action_id, "approve")
    await desk.settle()

    assert (without_call.accepted, first.accepted, second.accepted) == (False, True, True)
    assert desk.effects() == [("credential_set", "sanne.dewit")]


async def test_the_desk_resets_for_a_caller_who_reads_back_the_code(desk: GateOnly) -> None:
    action_id = await desk.propose("E1005", "reset_for_caller", said="Tom Bakker is on the line", caller="Tom Bakker")
    await desk.prove("E1005", action_id)
    own = await desk.click("E1005", action_id, "approve")
    other = await desk.click("E1006", action_id, "approve")
    await desk.settle()

    assert (own.accepted, other.accepted) == (False, True)
    assert [message["address"] for message in desk.messages("sms")][:1] == ["+31655501002"]
    assert desk.effects() == [("credential_set", "tom.bakker")]


async def test_only_the_service_desk_resets_for_callers(desk: GateOnly) -> None:
    with pytest.raises(Refused, match="not_for_you"):
        await desk.propose("E1001", "reset_for_caller", caller="Tom Bakker")


async def test_a_subject_that_the_requester_never_named_is_refused(desk: GateOnly) -> None:
    with pytest.raises(ToolRetry, match="has not named"):
        await desk.propose("E1005", "reset_for_caller", said="please read my last ticket", caller="Tom Bakker")


async def test_a_board_member_needs_two_approvers(desk: GateOnly) -> None:
    action_id = await proved_reset(desk, "E1008")

    await desk.click("E1003", action_id, "approve")
    await desk.settle()
    assert desk.effects() == []
    await desk.click("E1004", action_id, "approve")
    await desk.settle()

    assert len(desk.effects()) == 1


@pytest.mark.parametrize("who", ["adm-", "svc-"])
async def test_admin_and_service_accounts_are_never_touched(desk: GateOnly, who: str) -> None:
    row = desk.world.read(
        lambda c: c.execute("SELECT account_id FROM accounts WHERE account_id LIKE ?", (f"{who}%",)).fetchone()
    )

    with pytest.raises(Refused, match="account_protected"):
        await desk.propose("E1005", "reset_password_for", person=row["account_id"])


async def test_an_account_without_a_second_road_is_not_reset_by_code(desk: GateOnly) -> None:
    with pytest.raises(Refused, match="no_second_road"):
        await desk.propose("E1019", "reset_my_password")


async def test_one_open_request_per_person(desk: GateOnly) -> None:
    await proved_reset(desk)

    with pytest.raises(Refused, match="already_open"):
        await desk.propose("E1005", "reset_for_caller", said="Sanne de Wit calls", caller="E1001")


async def test_three_sensitive_requests_a_day(desk: GateOnly) -> None:
    for _ in range(3):
        action_id = await desk.propose("E1001", "unlock_my_account")
        await desk.click("E1001", action_id, "cancel")

    with pytest.raises(Refused, match="too_many_requests"):
        await desk.propose("E1001", "unlock_my_account")


async def test_the_service_desk_helps_more_than_three_callers_a_day_and_none_of_them_more_than_three_times(
    desk: GateOnly,
) -> None:
    for caller in ("E1001", "E1002", "E1007", "E1010"):
        action_id = await desk.propose("E1005", "reset_for_caller", said=None, caller=caller)
        await desk.click("E1005", action_id, "cancel")
    for _ in range(2):
        action_id = await desk.propose("E1005", "reset_for_caller", said=None, caller="E1001")
        await desk.click("E1005", action_id, "cancel")

    with pytest.raises(Refused, match="too_many_requests"):
        await desk.propose("E1006", "reset_for_caller", said=None, caller="E1001")
    await desk.propose("E1001", "unlock_my_account")  # what is asked about oneself is counted apart


async def test_an_approver_who_decides_too_fast_needs_another_beside_them(desk: GateOnly) -> None:
    asked = ["E1001", "E1002", "E1007", "E1009", "E1010", "E1017"]
    waiting = [await proved_reset(desk, employee_id) for employee_id in asked]

    decisions = [await desk.click("E1003", action_id, "approve") for action_id in waiting]
    await desk.settle()

    states = [await desk.state(action_id) for action_id in waiting]
    assert states[:4] == [State.DONE] * 4
    assert State.AWAITING_APPROVAL in states[4:]
    assert any("one more colleague" in decision.text for decision in decisions)


async def test_the_kill_switch_stops_what_was_approved_a_second_ago(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    await desk.gate.switch_off(await desk.employee("E1009"), "*", "something is wrong")

    await desk.settle()

    assert await desk.state(action_id) is State.REFUSED
    assert desk.effects() == []
    with pytest.raises(Refused, match="switched_off"):
        await desk.propose("E1002", "create_ticket", queue="IT", summary="mouse", description="broken")


async def test_switching_on_again_takes_two_other_admins(desk: GateOnly) -> None:
    await desk.gate.switch_off(await desk.employee("E1009"), "*", "drill")
    action_id = await desk.propose("E1009", "switch_on", scope="*")
    await desk.click("E1009", action_id, "confirm")
    await desk.click("E1009", action_id, "approve")
    await desk.click("E1010", action_id, "approve")
    await desk.settle()
    assert await desk.gate.switched_off()

    await desk.click("E1011", action_id, "approve")
    await desk.settle()

    assert await desk.gate.switched_off() == {}


async def test_rules_change_only_through_the_gate_and_void_what_was_sealed_before(desk: GateOnly) -> None:
    waiting = await proved_reset(desk)
    version, document = desk.database._read(
        lambda tx: (
            desk.gate.parts.rules.current(tx)[0],
            desk.gate.parts.rules.document(tx, 1),
        )
    )
    stricter = document.replace("sensitive: 1", "sensitive: 2")
    change = await desk.propose("E1009", "change_rules", base=version, document=stricter)
    await desk.click("E1009", change, "confirm")
    for admin in ("E1010", "E1011"):
        await desk.click(admin, change, "approve")
    await desk.settle()
    assert await desk.state(change) is State.DONE

    await desk.click("E1003", waiting, "approve")
    await desk.settle()

    assert await desk.state(waiting) is State.REFUSED
    assert desk.effects() == []


async def test_loosened_rules_are_refused_before_they_can_be_proposed(desk: GateOnly) -> None:
    document = desk.database._read(lambda tx: desk.gate.parts.rules.document(tx, 1))

    with pytest.raises(Exception, match="sensitive needs at least 1"):
        await desk.propose("E1009", "change_rules", base=1, document=document.replace("sensitive: 1", "sensitive: 0"))


async def test_a_ticket_needs_only_its_requesters_yes(desk: GateOnly) -> None:
    action_id = await desk.propose("E1001", "create_ticket", queue="IT", summary="mouse broken", description="It died.")
    stranger = await desk.click("E1002", action_id, "confirm")
    await desk.settle()
    assert (stranger.accepted, desk.effects()) == (False, [])

    await desk.click("E1001", action_id, "confirm")
    await desk.settle()

    assert [kind for kind, _object in desk.effects()] == ["ticket_created"]
    assert (await desk.action(action_id)).reference.startswith("IT-")


async def test_an_effect_with_an_unknown_end_is_not_tried_again_and_is_found_by_reading(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    desk.world.fail_next("accounts", "after")
    await desk.click("E1003", action_id, "approve")
    await desk.settle()
    assert await desk.state(action_id) is State.UNKNOWN
    assert desk.messages("private_mail") == []

    await desk.gate.sweep()
    await desk.settle()

    assert await desk.state(action_id) is State.DONE
    assert len(desk.effects()) == 1
    assert desk.world.signs_in("sanne.dewit", desk.last_secret("private_mail")) == "must_change"


async def test_an_effect_that_surely_did_not_happen_fails_and_its_credential_is_destroyed(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    desk.world.fail_next("accounts", "refuse")
    await desk.click("E1003", action_id, "approve")
    await desk.settle()

    assert await desk.state(action_id) is State.FAILED
    assert (desk.effects(), desk.messages("private_mail")) == ([], [])


async def test_everybody_registered_hears_of_a_change_and_can_say_it_was_not_them(desk: GateOnly) -> None:
    action_id = await proved_reset(desk)
    await desk.click("E1003", action_id, "approve")
    await desk.settle()
    with desk.database.reading() as tx:
        rows = tx.execute(sa.text("SELECT destination, payload FROM outbox WHERE kind = 'notify'")).all()
    assert len(rows) == 3
    code = rows[0].payload.split(": ")[-1].strip('"}')

    heard = await desk.gate.not_me(code)

    assert heard.accepted
    with pytest.raises(Refused, match="held"):
        await desk.propose("E1001", "unlock_my_account")
    with pytest.raises(Refused, match="code_unknown"):
        await desk.gate.not_me("AAAAAAAAAAAA")


async def test_people_are_told_in_words_for_every_state_and_reason() -> None:
    from actions.words import CATALOGUE

    english, dutch = CATALOGUE.keys("en"), CATALOGUE.keys("nl")
    assert english.keys() == dutch.keys()
    for state in State:
        assert f"state_{state}" in english
