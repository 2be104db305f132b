"""When a yes counts only with a sign-in: what each rule says, and several yeses at once on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.proof_links import hashed
from actions.records import State
from actions.rules import FIRST_RULES, parse, rule_of_document
from actions.step_up import StepUp
from core.errors import ConfigError
from core.people import ChannelIdentity
from core.risk import Risk
from core.sign_in import SignedIn
from loket.command.doctor_approvers import approvers
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.added.document import ToolDocument
from web_app.sign_in.settings import OidcSettings

STEP_UP = StepUp("https://desk.example/proof", False, "https://desk.example/approve")
RULES = FIRST_RULES.read_text(encoding="utf-8")
CRITICAL = "restore_access:      {tier: critical,"
UNLOCK = "unlock_my_account:   {tier: sensitive,"


# --- what a rule may say ------------------------------------------------------------------------------------------


def test_a_rule_may_ask_it_for_any_tool_that_has_approvers() -> None:
    assert (
        parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: true,")).tools["unlock_my_account"].approvers_sign_in
    )
    assert not parse(RULES).tools["restore_access"].approvers_sign_in


def test_a_rule_may_not_say_no_where_it_holds_by_itself() -> None:
    with pytest.raises(ConfigError, match="may only tighten"):
        parse(RULES.replace(CRITICAL, f"{CRITICAL} approvers_sign_in: false,"))
    assert parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: false,"))


@pytest.mark.parametrize("said", ["1", '"true"', "yes please", "[true]"])
def test_a_rule_says_it_with_true_and_nothing_else(said: str) -> None:
    with pytest.raises(ConfigError, match="approvers_sign_in"):
        parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: {said},"))


def test_a_rule_without_approvers_can_not_ask_it_of_them() -> None:
    with pytest.raises(ConfigError, match="there are none"):
        parse(
            RULES.replace("create_ticket:       {tier: write}", "create_ticket: {tier: write, approvers_sign_in: true}")
        )


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("brought", [False, True])
def test_of_an_added_tools_two_rules_the_stricter_one_holds(written: bool, brought: bool) -> None:
    line = f"  lend_laptop: {{tier: sensitive, approvers: [it-approvers], approvers_sign_in: {str(written).lower()}}}\n"
    rules = parse(RULES.replace("tools:\n", f"tools:\n{line}"))
    rule = {"tier": "critical", "approvers": ["it-approvers"]} | ({"approvers_sign_in": True} if brought else {})
    document = ToolDocument.model_construct(name="lend_laptop", risk=Risk.WRITE, rule=rule)
    held = rule_of_document(rules, document)
    assert (held.tier, held.approvers_sign_in) == (Risk.CRITICAL, written or brought)


def test_doctor_says_what_is_missing() -> None:
    asking = parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: true,"))
    nothing = OidcSettings()
    finding = approvers(asking, None, nothing)
    assert (finding.good, finding.fatal) == (False, True)
    assert "unlock_my_account cannot be approved" in finding.detail
    assert "LOKET_OIDC_ISSUER" in finding.advice
    assert approvers(parse(RULES), None, nothing).good
    provider = OidcSettings(issuer="https://login.example/x", client_id="loket", public_url="https://desk.example")
    weak = approvers(parse(RULES), None, provider)
    assert (weak.good, weak.fatal) == (False, False)
    assert "STEP_UP_ACR" in weak.advice
    assert "restore_access" in approvers(parse(RULES), STEP_UP, provider).detail


# --- on both databases --------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        parts = room.gate.parts
        room.gate.parts = replace(parts, systems=replace(parts.systems, step_up=STEP_UP))
        yield room


async def signed_in(room: GateOnly, who: str, action_id: str, browser: str) -> str:
    """Press "approve" and come back from the provider; the reference of the link."""
    (link,) = (await room.click(who, action_id, "approve")).links
    reference = hashed(link.address.rsplit("/", 1)[1])
    identity = ChannelIdentity("oidc", "https://login.example/realm", f"sub-{who}")
    signed = SignedIn(who, identity, "sign_in", datetime.now(UTC), "approve", reference, "urn:dhb:passkey")
    decision = await room.gate.approver_signed_in(signed, browser)
    assert decision.accepted, decision.text
    return reference


async def test_of_several_yeses_at_once_each_person_has_one_and_the_action_is_carried_out_once(room: GateOnly) -> None:
    action_id = await room.propose("E1002", "restore_access")
    await room.prove("E1002", action_id)
    first, second = [await signed_in(room, who, action_id, f"b-{who}") for who in ("E1003", "E1004")]
    again = await signed_in(room, "E1003", action_id, "b-again")

    said = await asyncio.gather(
        *(room.gate.approve_signed_in(first, "b-E1003") for _ in range(3)),
        *(room.gate.approve_signed_in(again, "b-again") for _ in range(3)),
        *(room.gate.approve_signed_in(second, "b-E1004") for _ in range(3)),
        *(room.gate.approve_signed_in(second, "b-E1003") for _ in range(3)),
    )
    assert [decision.accepted for decision in said].count(True) == 2
    await room.settle()
    assert await room.state(action_id) is State.DONE
    assert len({effect for effect in room.effects()}) == len(room.effects()) >= 1


async def test_what_is_shown_is_shown_in_the_browser_that_signed_in_and_while_it_can_be_approved(
    room: GateOnly,
) -> None:
    action_id = await room.propose("E1002", "restore_access")
    await room.prove("E1002", action_id)
    reference = await signed_in(room, "E1003", action_id, "mine")
    shown = await room.gate.to_approve(reference, "mine")
    assert shown is not None
    assert (shown.card.action_id, shown.approver.employee_id) == (action_id, "E1003")
    assert await room.gate.to_approve(reference, "another") is None
    assert await room.gate.to_approve("0" * 64, "mine") is None
    await room.click("E1004", action_id, "deny", reason="no")
    assert await room.gate.to_approve(reference, "mine") is None
    assert not (await room.gate.approve_signed_in(reference, "mine")).accepted
