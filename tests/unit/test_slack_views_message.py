"""A reply becomes posts that Slack takes and from which everything can be read back."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.events import Verb
from core.outcomes import Outcome
from core.replies import Button, Card, Citation, Fact, Link, Reply, Suggestion
from slack_app.views import ids
from slack_app.views.message import JUDGED, SlackMessage, drawn
from tests.slack_blocks import assert_accepted, buttons_in, letters, links_in, spelled_back, texts_of

NOWHERE: frozenset[str] = frozenset()
CITATION = Citation(
    path="leave.md",
    heading="Annual leave",
    title="Leave rules",
    owner="HR",
    language="en",
    quote="Staff get 25 days of leave a year.",
    address="https://intranet.example/leave",
)
CARD = Card(
    "0123456789abcdef",
    "Reset a password",
    "waits for approval",
    (Fact("Asked by", "Noor Visser"),),
    (Button(Verb.APPROVE, "Approve"), Button(Verb.DENY, "Deny", ("reason",))),
)


def one(reply: Reply, **more: object) -> SlackMessage:
    """The only post of a reply."""
    made = drawn(reply, link_hosts=NOWHERE, **more)  # type: ignore[arg-type]
    assert_accepted(made)
    assert len(made) == 1
    return made[0]


def markdown_of(messages: tuple[SlackMessage, ...]) -> list[str]:
    """The text of every markdown block."""
    return [block["text"] for message in messages for block in message.blocks if block["type"] == "markdown"]


def test_a_source_is_named_only_where_there_is_one_and_ai_only_where_it_wrote() -> None:
    without = texts_of(one(Reply("Your room is R1.01.", "en", Outcome.ANSWERED, model="built-in")).blocks)
    assert "Made by AI (built-in)." in without
    assert "source" not in " ".join(without)
    assert "AI" not in " ".join(texts_of(one(Reply("That I may not do.", "en", Outcome.REFUSED_FORBIDDEN)).blocks))


def test_an_answer_shows_its_text_its_numbered_source_and_two_thumbs() -> None:
    reply = Reply("You get **25** days [1].", "en", Outcome.ANSWERED, citations=(CITATION,), model="built-in")
    made = one(reply, event_id="slack:T1:Ev1")
    assert made.text == "You get 25 days [1]."
    said, sources = markdown_of((made,))
    assert said == "You get **25** days [1]."
    assert "1. [Leave rules](https://intranet.example/leave), section Annual leave, from HR" in sources
    assert "Staff get 25 days of leave a year." in sources
    assert "Made by AI (built-in). Please check the source." in texts_of(made.blocks)
    thumbs = made.blocks[-1]["elements"][0]
    assert (thumbs["type"], thumbs["action_id"]) == ("feedback_buttons", ids.FEEDBACK)
    assert thumbs["positive_button"]["value"] == "good slack:T1:Ev1"
    assert thumbs["negative_button"]["value"] == "bad slack:T1:Ev1"


def test_a_clause_that_the_answer_quotes_is_not_shown_twice() -> None:
    reply = Reply("It says: Staff get 25 days of leave a year [1].", "en", citations=(CITATION,))
    assert "Staff get 25 days" not in markdown_of((one(reply),))[1]


def test_a_source_says_that_it_no_longer_holds() -> None:
    old = dataclasses.replace(CITATION, note="No longer in force since 1 May 2026")
    assert "No longer in force since 1 May 2026" in markdown_of((one(Reply("Yes [1].", "en", citations=(old,))),))[1]


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "https://a@evil.example/", "leave.md", "https://x y"])
def test_a_source_without_a_web_address_is_named_and_not_linked(address: str) -> None:
    source = dataclasses.replace(CITATION, address=address)
    sources = markdown_of((one(Reply("Yes [1].", "en", citations=(source,))),))[1]
    assert "**Leave rules**" in sources
    assert links_in(sources) == []


def test_an_answer_may_link_to_the_host_of_its_source() -> None:
    text = "See [the form](https://intranet.example/form) or [this](https://evil.example)."
    assert links_in(markdown_of((one(Reply(text, "en", citations=(CITATION,))),))[0]) == [
        "https://intranet.example/form"
    ]
    assert links_in(markdown_of((one(Reply(text, "en")),))[0]) == []


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_people_are_asked_what_they_think_only_of_an_answer(outcome: Outcome | None) -> None:
    reply = Reply("Words.", "nl", outcome, model="built-in")
    kinds = {block["type"] for block in one(reply, event_id="slack:T1:Ev1").blocks}
    assert ("context_actions" in kinds) == (outcome in JUDGED)
    assert "context_actions" not in {block["type"] for block in one(reply).blocks}


def test_nobody_is_asked_what_they_think_of_you_are_welcome() -> None:
    made = one(Reply("You are welcome.", "en", Outcome.ANSWERED), event_id="slack:T1:Ev1")
    assert [block["type"] for block in made.blocks] == ["markdown"]


@pytest.mark.parametrize("words", [CARD.state, "Ring before you say yes.", f"{CARD.state} "])
def test_what_the_card_says_is_not_said_above_it_too(words: str) -> None:
    card = dataclasses.replace(CARD, note="Ring before you say yes.")
    made = one(Reply(words, "en", card=card))
    assert markdown_of((made,)) == []
    assert made.text == "Reset a password: waits for approval"
    assert "Ring before you say yes." in texts_of(made.blocks)
    assert markdown_of((one(Reply("Please check this.", "en", card=card)),)) == ["Please check this."]


def test_a_suggestion_is_a_button_that_says_its_words() -> None:
    made = one(Reply("Did it help?", "en", suggestions=(Suggestion("Solved", "It is solved"), Suggestion("Not", "No"))))
    assert [(b["action_id"], b["value"], b["text"]["text"]) for b in buttons_in(list(made.blocks))] == [
        ("suggest.1", "It is solved", "Solved"),
        ("suggest.2", "No", "Not"),
    ]


def test_a_reply_with_only_a_card_has_a_notification_of_its_own() -> None:
    assert one(Reply("", "en", card=CARD)).text == "Reset a password: waits for approval"
    assert one(Reply("", "nl")).text == "Er is een antwoord voor u."


def test_a_notification_shows_no_marks_of_markdown() -> None:
    text = "## Leave\n\n- **25** days of _leave_\n- `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted [x](https://a.example)"
    assert (
        one(Reply(text, "en")).text
        == "Leave\n\n- 25 days of leave\n- code\n\n| a | b |\n| 1 | 2 |\n\nquoted x (https://a.example)"
    )


def test_a_long_answer_is_several_posts_with_the_sources_and_the_buttons_last() -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "word " * 300 for number in range(30))
    reply = Reply(text, "en", Outcome.ANSWERED, citations=(CITATION,), card=CARD, model="m")
    made = drawn(reply, event_id="e", link_hosts=NOWHERE)
    assert_accepted(made)
    assert len(made) > 3
    assert letters("".join(markdown_of(made))).startswith(letters(text))
    assert [bool(buttons_in(list(message.blocks))) for message in made] == [False] * (len(made) - 1) + [True]
    assert made[-1].blocks[-1]["type"] == "context_actions"


def test_code_that_is_cut_is_code_in_every_post() -> None:
    code = "\n".join(f"line {number} https://evil.example/{number}" for number in range(1500))
    made = drawn(Reply(f"Run:\n\n```sh\n{code}\n```\n\nDone.", "en"), link_hosts=NOWHERE)
    assert_accepted(made)
    for piece in markdown_of(made):
        assert piece.count("```") % 2 == 0
        assert links_in(piece) == []
    assert letters(code) in letters("".join(piece.replace("```sh", "") for piece in markdown_of(made)))


TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(st.sampled_from("a \n`*_#|-<>&[](){}!@:/.\u202e\u200b\U0001f600é\x00\t\\~"), max_size=200),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=12), st.integers(1, 8_000)),
)
SHORT = st.text(max_size=40)
CITATIONS = st.lists(
    st.builds(
        Citation,
        path=SHORT,
        heading=SHORT,
        title=SHORT,
        owner=SHORT,
        language=st.just("en"),
        quote=TEXTS,
        address=st.one_of(SHORT, st.just("https://intranet.example/a")),
        note=SHORT,
    ),
    max_size=4,
)
CARDS = st.builds(
    Card,
    action_id=st.text("0123456789abcdef", min_size=1, max_size=36),
    title=TEXTS,
    state=SHORT,
    facts=st.lists(st.builds(Fact, SHORT, TEXTS), max_size=4).map(tuple),
    buttons=st.lists(st.sampled_from(list(Verb)), unique=True, max_size=10).map(
        lambda verbs: tuple(Button(verb, str(verb)) for verb in verbs)
    ),
    note=TEXTS,
    links=st.lists(
        st.builds(Link, SHORT, st.one_of(SHORT, st.just("https://loket.example/proof?t=1"))), max_size=2
    ).map(tuple),
)
REPLIES = st.builds(
    Reply,
    text=TEXTS,
    language=st.sampled_from(["en", "nl", "fr", ""]),
    outcome=st.one_of(st.none(), st.sampled_from(Outcome)),
    citations=CITATIONS.map(tuple),
    card=st.one_of(st.none(), CARDS),
    model=SHORT,
    suggestions=st.lists(st.builds(Suggestion, SHORT, SHORT), max_size=3).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(REPLIES)
def test_slack_takes_any_reply_and_nothing_of_its_text_is_lost(reply: Reply) -> None:
    made = drawn(reply, event_id="slack:T1:Ev1", link_hosts=NOWHERE)
    assert_accepted(made)
    on_the_card = reply.card is not None and reply.text.strip() in (reply.card.state, reply.card.note)
    assert on_the_card or letters("".join(markdown_of(made))).startswith(letters(reply.text))
    shown = letters("".join(spelled_back(text) for message in made for text in texts_of(message.blocks)))
    for citation in reply.citations:
        assert letters(citation.title) in shown
        assert letters(citation.owner) in shown
    if reply.card:
        assert letters(reply.card.title) in shown
