"""The longest difference that may be published is shown whole on a card in Slack, with its buttons under all of it."""

from __future__ import annotations

from actions.publishing import LONGEST
from core.events import Verb
from core.replies import Button, Card, Fact, Reply
from slack_app.views.message import drawn
from tests.slack_blocks import assert_accepted, buttons_in, values_of


def test_no_character_of_the_longest_difference_is_lost_in_slack() -> None:
    lines = "\n".join(f"+Clause {number} says that <{number}> & more is allowed." for number in range(2_500))
    diff = lines[:LONGEST]
    assert len(diff) == LONGEST
    wider = Fact("⚠ MORE people may read", "handbook/pay.md: all-staff (before: hr)")
    card = Card("0123456789abcdef", "handbook: version 1 → 2", "", (wider, Fact("diff", diff)), _BUTTONS)

    messages = drawn(Reply("", "en", card=card), link_hosts=frozenset())

    assert_accepted(messages)
    assert 2 <= len(messages) <= 13
    blocks = [block for message in messages for block in message.blocks]
    assert values_of(blocks) == [(wider.label, wider.value), ("diff", diff)]
    assert [button["action_id"] for button in buttons_in(messages[-1].blocks)] == ["card.approve", "card.deny"]
    assert not [button for message in messages[:-1] for button in buttons_in(message.blocks)]


_BUTTONS = (Button(Verb.APPROVE, "Approve"), Button(Verb.DENY, "Deny", ("reason",)))
