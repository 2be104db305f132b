"""App Home shows what waits, what one asked for and what can be done, and stays within what Slack takes."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from core.front_page import Ability, FrontPage, RequestSummary, WaitsForYou
from core.replies import Suggestion
from simulators.slack import SlackSimulator
from slack_app.views import ids
from slack_app.views.home import home_view
from slack_app.views.prompts import prompts_for
from slack_app.words import say
from tests.slack_blocks import assert_view, buttons_in, texts_of

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
NOTICE = "I am an **AI** ([more](https://evil.example)).\n\n<!channel> A person: call 1234."


def page(**more: object) -> FrontPage:
    """A front page in English."""
    base = {"language": "en", "known": True, "name": "Noor", "notice": NOTICE}
    return FrontPage(**{**base, **more})  # type: ignore[arg-type]


def text_of(view: dict[str, object]) -> str:
    """All that is written."""
    return "\n".join(texts_of(view["blocks"]))


def test_a_stranger_sees_only_whom_to_turn_to() -> None:
    view = home_view(page(known=False, name=""))
    assert_view(view)
    assert say("home_stranger", "en") in text_of(view)
    assert "call 1234" in text_of(view)
    assert buttons_in(view["blocks"]) == []


def test_an_employee_sees_their_requests_and_what_can_be_done() -> None:
    view = home_view(
        page(
            suggestions=(Suggestion("Days of leave", "How many days of leave do I get?"),),
            abilities=(Ability("reset", "Reset a password", "For your own account."),),
            requests=(RequestSummary("action-1", "Reset", "waits for approval", AT, "it-approvers", "IT-12"),),
        )
    )
    assert_view(view)
    for words in (
        "Good day, Noor",
        "waits for approval · since 2026-05-04 09:30 UTC",
        "it-approvers",
        "IT-12",
        "Reset a password",
    ):
        assert words in text_of(view)
    assert say("home_waiting", "en") not in text_of(view)
    assert [(b["action_id"], b["value"]) for b in buttons_in(view["blocks"])] == [
        (ids.OPEN_CARD, "action-1"),
        ("suggest.1", "How many days of leave do I get?"),
    ]


async def test_slack_takes_a_page_with_as_many_open_buttons_as_there_are_requests() -> None:
    waiting = tuple(WaitsForYou(f"action-{n}", f"Reset {n}", "Noor Visser", AT, AT) for n in range(30))
    async with SlackSimulator.start() as slack:
        priya = slack.add_person("UE1003", name="Priya Raman")
        client = AsyncWebClient(token=slack.bot_token(), base_url=slack.api_url)
        await client.views_publish(user_id=priya.id, view=home_view(page(is_approver=True, waiting=waiting)))
        assert priya.home is not None
        opens = [b["value"] for b in buttons_in(priya.home.blocks) if b["action_id"] == ids.OPEN_CARD]
    assert opens == [f"action-{n}" for n in range(20)]
    assert say("home_more", "en", count=10) in text_of(priya.home.content)


def test_an_approver_sees_what_waits_who_took_it_until_when_and_the_brake() -> None:
    waiting = (
        WaitsForYou("action-1", "Reset for Sem", "Noor Visser", AT, AT, "Ali Demir"),
        WaitsForYou("action-2", "Unlock", "Sem Bakker", AT, AT),
    )
    view = home_view(page(is_approver=True, waiting=waiting, brake="You decided 11 requests this hour."))
    assert_view(view)
    for words in ("asked by Noor Visser", "taken by Ali Demir", "taken by nobody yet", "until 2026", "11 requests"):
        assert words in text_of(view)
    assert [b["value"] for b in buttons_in(view["blocks"])] == ["action-1", "action-2"]


def test_where_there_is_nothing_it_says_so() -> None:
    view = home_view(page(is_approver=True))
    assert_view(view)
    for key in ("home_waiting_none", "home_requests_none", "home_abilities_none"):
        assert say(key, "en") in text_of(view)


def test_what_is_switched_off_is_said_first() -> None:
    texts = list(texts_of(home_view(page(switched_off=("All actions are switched off.",)))["blocks"]))
    assert texts[1:3] == [say("home_switched_off", "en"), "• All actions are switched off."]


def test_of_a_long_list_it_says_how_many_more_there_are() -> None:
    waiting = tuple(WaitsForYou(f"action-{n}", "x" * 5000, "y" * 5000, AT, AT) for n in range(250))
    requests = tuple(RequestSummary(f"mine-{n}", "x" * 5000, "y" * 5000, AT, "z" * 5000) for n in range(40))
    abilities = tuple(Ability(f"a{n}", "x" * 500, "y" * 5000) for n in range(90))
    view = home_view(
        page(
            is_approver=True,
            waiting=waiting,
            requests=requests,
            abilities=abilities,
            notice="n" * 60_000,
            brake="b" * 9000,
        )
    )
    assert_view(view)
    for count in (230, 30, 78):
        assert f"And {count} more." in text_of(view)


def test_the_notice_is_words_only() -> None:
    text = text_of(home_view(page()))
    assert "I am an AI (more (https://evil.example))." in text
    assert "<!channel>" not in text


def test_the_messages_tab_suggests_four_things_at_most() -> None:
    many = [
        Suggestion("t" * 200, "words"),
        *[Suggestion("Leave", f"How {n}?") for n in range(9)],
        Suggestion("", "x" * 5000),
    ]
    made = prompts_for(many, "nl")
    assert made.title == "Wat kan ik voor u doen?"
    assert len(made.prompts) == 4
    assert all(0 < len(prompt["title"]) <= 75 and prompt["message"] for prompt in made.prompts)
    assert prompts_for([], "en").prompts == ()


WORDS = st.text(max_size=60)
SUGGESTIONS = st.lists(st.builds(Suggestion, WORDS, WORDS), max_size=8).map(tuple)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants them naive
IDS = st.text("0123456789abcdef", min_size=1, max_size=36)


@given(
    st.builds(
        FrontPage,
        language=st.sampled_from(["en", "nl", "de"]),
        known=st.booleans(),
        name=WORDS,
        notice=st.text(max_size=500),
        suggestions=SUGGESTIONS,
        abilities=st.lists(st.builds(Ability, WORDS, WORDS, WORDS), max_size=15).map(tuple),
        requests=st.lists(st.builds(RequestSummary, IDS, WORDS, WORDS, MOMENTS, WORDS, WORDS), max_size=12).map(tuple),
        waiting=st.lists(st.builds(WaitsForYou, IDS, WORDS, WORDS, MOMENTS, MOMENTS, WORDS), max_size=22).map(tuple),
        is_approver=st.booleans(),
        switched_off=st.lists(WORDS, max_size=7).map(tuple),
        brake=WORDS,
    )
)
def test_slack_takes_any_front_page(front: FrontPage) -> None:
    assert_view(home_view(front))
