"""What people send besides plain words: emoji, which Slack writes as short names, and messages of others sent on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.slack.emoji import rich_elements, short_named
from slack_app import markup
from tests.slack_edge import Edge, edge, message

_JUNK = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge(tmp_path) as made:
        yield made


@pytest.mark.parametrize("typed", ["👍", "thanks 👍🏼!", "❤️ 👍 👍🏿", "at 10:30:15 it broke 😡", ":-) and :dhb-logo:"])
async def test_an_emoji_reaches_the_desk_as_it_was_typed(here: Edge, typed: str) -> None:
    sent = await here.slack.people["UE1002"].dm(typed)
    assert "👍" not in sent.text
    assert here.desk.texts == [typed]


async def test_an_edit_to_another_emoji_is_an_edit(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    sent = await sanne.dm("shall I? 👎")
    await sanne.edit(sent, "shall I? 👍")
    assert here.desk.last.text == "shall I? 👍"


@pytest.mark.parametrize("points", ["", "zz", "d83d", "ffffffff", "1f44d-", 7, None])
def test_code_points_that_are_none_leave_the_name_or_one_sign(points: object) -> None:
    blocks = [{"type": "rich_text", "elements": [{"type": "emoji", "name": "+1", "unicode": points}]}]
    assert markup.plain(":+1:", emoji=markup.emoji_in(blocks)) in (":+1:", "\ufffd")


@given(_JUNK)
def test_any_shape_of_rich_text_is_read_without_an_accident(blocks: object) -> None:
    assert markup.emoji_in(blocks) == {}


@given(st.text(alphabet="👍👎❤️🏻🏿 :a-1", max_size=20))
def test_text_and_rich_text_of_one_message_say_the_same(typed: str) -> None:
    blocks = [{"type": "rich_text_section", "elements": rich_elements(typed)}]
    read = markup.plain(short_named(typed), emoji=markup.emoji_in(blocks))
    assert [sign for sign in read if sign in "👍👎"] == [sign for sign in typed if sign in "👍👎"]


async def test_a_message_sent_on_without_a_word_is_what_was_said(here: Edge) -> None:
    tom, sanne = here.slack.people["UE1003"], here.slack.people["UE1002"]
    printer = await tom.post("C0GENERAL", "The printer on the second floor jams.\nAgain.")
    await sanne.forward(printer)
    assert here.desk.texts == [f"> {tom.name}: The printer on the second floor jams.\n> Again."]


async def test_words_of_ones_own_come_before_what_is_sent_on(here: Edge) -> None:
    tom, sanne = here.slack.people["UE1003"], here.slack.people["UE1002"]
    await sanne.forward(await tom.post("C0GENERAL", "<@UE1002> R&D has no network"), "can you file this?")
    assert here.desk.texts == [f"can you file this?\n\n> {tom.name}: @{sanne.name} R&D has no network"]


async def test_files_of_a_message_sent_on_are_taken_along(here: Edge) -> None:
    tom, sanne = here.slack.people["UE1003"], here.slack.people["UE1002"]
    await sanne.forward(await tom.post("C0GENERAL", "see", files=[("error.png", b"\x89PNG\r\n\x1a\n" + b"0" * 50)]))
    assert [file.name for file in here.desk.last.files] == ["error.png"]
    assert [file.unwanted for file in here.desk.last.files] == [""]


async def test_a_yes_of_somebody_else_that_is_sent_on_is_no_bare_yes(here: Edge) -> None:
    tom, sanne = here.slack.people["UE1003"], here.slack.people["UE1002"]
    await sanne.forward(await tom.post("C0GENERAL", "ok"))
    assert here.desk.texts == [f"> {tom.name}: ok"]


async def test_the_preview_of_a_link_is_nothing_that_was_said(here: Edge) -> None:
    event = message("is this still right? <https://intranet.example/leave>")
    event["event"]["attachments"] = [{"id": 1, "from_url": "https://intranet.example/leave", "text": "30 days"}]
    await here.post(event)
    assert here.desk.texts == ["is this still right? https://intranet.example/leave"]


async def test_who_names_the_desk_only_in_what_they_send_on_does_not_turn_to_it(here: Edge) -> None:
    tom, sanne = here.slack.people["UE1003"], here.slack.people["UE1002"]
    there = await tom.post("C0GENERAL", "ask <@UBOT> how to report sick")
    before = len(here.desk.texts)
    await sanne.forward(there, "as Tom said", channel="C0GENERAL")
    assert len(here.desk.texts) == before


async def test_what_somebody_says_of_themselves_is_a_message(here: Edge) -> None:
    event = message("is looking for the leave rules")
    event["event"]["subtype"] = "me_message"
    await here.post(event)
    assert here.desk.texts == ["is looking for the leave rules"]
