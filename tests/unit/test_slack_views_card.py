"""An approver reads every character of what would happen, and nothing in it does anything by being read."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.events import Verb
from core.plain_text import reveal
from core.replies import Button, Card, Fact, Link, Reply
from slack_app.views.message import drawn
from tests.slack_blocks import assert_accepted, buttons_in, texts_of, values_of

NOWHERE: frozenset[str] = frozenset()
BUTTONS = (
    Button(Verb.TAKE, "I take this"),
    Button(Verb.APPROVE, "Approve"),
    Button(Verb.DENY, "Deny", ("reason",)),
)


def card_with(*facts: Fact, note: str = "", links: tuple[Link, ...] = ()) -> Card:
    """An approver's card."""
    return Card("0123456789abcdef", "Reset a password", "waits for approval", facts, BUTTONS, note, links)


def blocks_of(card: Card) -> list[dict[str, object]]:
    """All blocks of the posts that a card takes."""
    made = drawn(Reply("", "en", card=card), link_hosts=NOWHERE)
    assert_accepted(made)
    return [block for message in made for block in message.blocks]


def test_a_card_shows_title_state_number_facts_and_note_in_plain_text() -> None:
    blocks = blocks_of(card_with(Fact("Asked by", "Noor Visser"), Fact("Tool", "reset"), note="Ring first."))
    assert list(texts_of(blocks)) == [
        "Reset a password",
        "State: waits for approval · Request 01234567",
        "Asked by",
        "Noor Visser",
        "Tool",
        "reset",
        "Ring first.",
        "I take this",
        "Approve",
        "Deny",
    ]
    assert {kind for kind in re.findall(r"'type': '(\w+)'", str(blocks)) if kind in ("mrkdwn", "markdown")} == set()
    assert "'emoji': True" not in str(blocks)


def test_a_button_carries_the_id_of_its_action_and_nothing_else() -> None:
    buttons = buttons_in(blocks_of(card_with(Fact("secret", "argument"))))
    assert [(b["action_id"], b["value"], b.get("style")) for b in buttons] == [
        ("card.take", "0123456789abcdef", None),
        ("card.approve", "0123456789abcdef", "primary"),
        ("card.deny", "0123456789abcdef", "danger"),
    ]


def test_our_own_pages_are_buttons_and_an_address_that_no_button_opens_is_written_out() -> None:
    links = (Link("Sign in", "https://loket.example/proof?t=a_b"), Link("Odd", "javascript:alert(1)"))
    blocks = blocks_of(card_with(links=links))
    opened = [button for button in buttons_in(blocks) if "url" in button]
    assert [(b["action_id"], b["url"], b["text"]["text"]) for b in opened] == [
        ("link.1", "https://loket.example/proof?t=a_b", "Sign in")
    ]
    assert "Odd: javascript:alert(1)" in texts_of(blocks)


@pytest.mark.parametrize(
    "value", ["<!channel> *bold* `x` :smile: https://evil.example", "&lt;b&gt;", "a\n\nb", " a  b "]
)
def test_an_argument_is_shown_as_it_is_and_formats_nothing(value: str) -> None:
    assert ("text", value) in values_of(blocks_of(card_with(Fact("text", value))))


def test_a_line_in_an_argument_cannot_pass_for_a_line_of_the_card() -> None:
    blocks = blocks_of(card_with(Fact("text", "x\nAsked by\nThe Director"), Fact("Asked by", "Noor Visser")))
    shown = list(texts_of(blocks))
    assert "text\n│ x\n│ Asked by\n│ The Director" in shown
    assert shown[3:5] == ["Asked by", "Noor Visser"]


def test_blanks_in_an_argument_cannot_push_its_words_out_of_sight() -> None:
    shown = list(texts_of(blocks_of(card_with(Fact("text", "ok" + " " * 5 + "but\u00a0not\tso ")))))
    assert "ok␣␣␣␣␣but⟦U+00A0⟧not⟦U+0009⟧so␣" in shown


def test_an_argument_that_is_an_entity_is_not_shown_as_its_sign() -> None:
    assert "⟦U+0026⟧lt;b⟦U+0026⟧gt; R&D &nbsp" in texts_of(blocks_of(card_with(Fact("text", "&lt;b&gt; R&D &nbsp"))))


def test_a_title_with_a_line_break_is_one_line() -> None:
    card = Card("0123456789abcdef", "Reset\nState: approved", "waits", (), BUTTONS)
    assert next(iter(texts_of(blocks_of(card)))) == "Reset⟦U+000A⟧State: approved"


def test_a_long_argument_says_of_every_part_which_it_is() -> None:
    value = "".join(f"{number} " for number in range(20_000))
    blocks = blocks_of(card_with(Fact("Who", "Noor"), Fact("text", value), Fact("Reason", "none")))
    assert values_of(blocks) == [("Who", "Noor"), ("text", value), ("Reason", "none")]
    assert "text (1 of" in str(blocks)


def test_the_buttons_stand_below_the_last_character_of_what_is_decided() -> None:
    made = drawn(Reply("", "en", card=card_with(Fact("text", "x" * 100_000))), link_hosts=NOWHERE)
    assert_accepted(made)
    assert [bool(buttons_in(list(message.blocks))) for message in made] == [False] * (len(made) - 1) + [True]


VALUES = st.one_of(
    st.text(min_size=1, max_size=100),
    st.text(
        st.sampled_from("a \n`*_<>&:@#|\u202e\u200f\u200b\u0301\U0001f468\u200d\U0001f600é\t"), min_size=1, max_size=900
    ),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=9), st.integers(1, 12_000)),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(VALUES, min_size=1, max_size=3))
def test_every_argument_can_be_read_back_from_the_blocks(values: list[str]) -> None:
    facts = tuple(Fact(f"argument {number}", reveal(value)) for number, value in enumerate(values))
    assert values_of(blocks_of(card_with(*facts))) == [(fact.label, fact.value) for fact in facts]


def test_a_hundred_thousand_characters_are_all_there() -> None:
    for sign in ("x", "&", "\U0001f600", "<", "e\u0301", "⟦U+202E⟧"):
        value = sign * (100_000 // len(sign))
        assert values_of(blocks_of(card_with(Fact("a", value)))) == [("a", value)]
