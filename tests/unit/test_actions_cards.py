"""What an approver is shown: every argument, whole, and nothing that only looks like something else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.cards import Background, approver_card, requester_card
from actions.records import Action, State
from core.events import Address, Verb
from core.replies import Card, Fact
from core.risk import Risk
from tests.generated import quick

MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HIDDEN = "\u202e\u200b\u2066\U000e0041\u00ad\ufeff"
REVEALED = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")

ACTION = Action(
    action_id="0f1e2d3c-0000-4000-8000-000000000000",
    version=3,
    event_id="e",
    conversation_id="c",
    address=Address("terminal", "local", "E1001"),
    tool="reset_for_caller",
    tool_hash="a" * 64,
    arguments={},
    requester_id="E1005",
    subject_id="E1001",
    account_id="sanne.dewit",
    tier=Risk.SENSITIVE,
    rule_version=1,
    approvals_needed=1,
    approver_groups=("it-approvers",),
    proof_needed=True,
    proof_method="code",
    proof_detail="+31 … 01",
    proof_at=MOMENT,
    proof_stamp="",
    confirm_stamp="",
    nonce="n",
    seal="s",
    state=State.AWAITING_APPROVAL,
    title="Reset the password of Sanne de Wit",
    facts=(),
    language="en",
    created_at=MOMENT,
    expires_at=MOMENT,
    due_at=MOMENT,
    asked_at=MOMENT,
    reminded_at=None,
    escalated_at=None,
    taken_by="",
    taken_until=None,
    fencing="",
    claimed_at=None,
    reference="",
    result_address="",
    reason="",
)

words = st.text(st.characters(codec="utf-8"), max_size=40) | st.text(HIDDEN + "aа0O", max_size=12)
plain = (
    st.none() | st.booleans() | st.integers() | words | st.sampled_from(["1", "true", "null", '"x"', "", "NaN", "{}"])
)
values = plain | st.lists(plain, max_size=3) | st.dictionaries(words, plain, max_size=3)
names = st.from_regex(r"\A[a-z][a-z_]{0,12}\Z")


def shown(**changes: Any) -> Card:
    return approver_card(replace(ACTION, **changes), Background(requester="Mila", subject="Sanne"), "en")


def read_back(text: str) -> Any:
    """What an approver could write down again from the card."""
    spelled = REVEALED.sub(lambda match: chr(int(match.group(1), 16)), text)
    try:
        return json.loads(spelled)
    except ValueError:
        return spelled


@pytest.mark.slow
@quick(1_000)
@given(st.dictionaries(names, values, max_size=5))
def test_every_argument_can_be_read_back_from_the_card(arguments: dict[str, Any]) -> None:
    facts = [fact for fact in shown(arguments=arguments).facts if fact.label in arguments]

    assert len(facts) == len(arguments)
    assert {fact.label: read_back(fact.value) for fact in facts} == arguments


@quick(300)
@given(words, words)
def test_two_different_texts_never_look_the_same(one: str, two: str) -> None:
    cards = [{fact.label: fact.value for fact in shown(arguments={"text": text}).facts} for text in (one, two)]
    assert (cards[0]["text"] == cards[1]["text"]) == (one == two)


def test_nothing_is_cut_off_and_nothing_hides() -> None:
    long = "x" * 4000 + HIDDEN
    card = shown(arguments={"text": long}, title=f"{HIDDEN}harmless", facts=(Fact("diff" + HIDDEN, "-a\n+b" + HIDDEN),))

    everything = card.title + "".join(fact.label + fact.value for fact in card.facts)
    assert "x" * 4000 in everything
    assert not set(HIDDEN) & set(everything)
    assert any(fact.value.startswith("-a\n+b") for fact in card.facts), "the approver sees the difference, too"


def test_who_asks_and_about_whom_stands_before_what_is_long_and_the_difference_before_the_whole() -> None:
    """An approver in a hurry reads from the top: four hundred lines must not stand between them and the name."""
    document = {"base": 3, "document": "line\n" * 400}
    labels = [fact.label for fact in shown(arguments=document, facts=(Fact("diff", "-a\n+b"),)).facts]

    assert labels[:4] == ["Tool", "base", "Asked by", "About"]
    assert labels[-2:] == ["diff", "document"]


def test_an_empty_argument_is_shown_as_empty_and_not_left_out() -> None:
    assert [fact.value for fact in shown(arguments={"a": "", "b": None, "c": 0}).facts[1:4]] == ['""', "null", "0"]


def test_a_button_carries_nothing_and_only_who_may_decide_gets_them() -> None:
    for state in State:
        approver, requester = shown(state=state), requester_card(replace(ACTION, state=state))
        votes = {button.verb for button in approver.buttons} & {Verb.APPROVE, Verb.DENY}
        assert bool(votes) == (state is State.AWAITING_APPROVAL)
        assert not {Verb.APPROVE, Verb.DENY, Verb.TAKE} & {button.verb for button in requester.buttons}


def test_while_a_call_back_is_due_approving_asks_for_it_and_the_number_is_whole() -> None:
    card = approver_card(
        replace(ACTION, proof_method="callback_due", proof_at=None),
        Background(phone="+31 … 01", phone_to_ring="+31655501001"),
        "en",
    )

    assert any(fact.value == "+31655501001" for fact in card.facts)
    assert next(button for button in card.buttons if button.verb is Verb.APPROVE).fields == ("callback",)
    assert "+31655501001" not in str(shown())


def test_until_when_and_by_whom_it_can_be_decided_is_said_only_until_it_is() -> None:
    known = Background(taken_by="Priya Raman", passed_on="security, 2026-11-27 12:30 UTC")
    for state in State:
        card = approver_card(replace(ACTION, state=state, taken_until=MOMENT), known, "en")
        labels = {fact.label for fact in card.facts} & {"Expires", "Taken by", "Others may decide"}
        assert labels == ({"Expires", "Taken by", "Others may decide"} if state is State.AWAITING_APPROVAL else set())
