"""Forms of tools in Slack: real inputs, checked at their fields, and nothing but opaque ids on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Place, Verb
from core.fields import Choice, Field, FieldKind, Filling, Form
from core.people import ChannelIdentity, Standing
from core.replies import Button, Card, Reply
from simulators.slack.limits.views import check_view
from slack_app.views import ids
from slack_app.views.fields import form_view, values_of
from slack_app.views.forms import FormPlace, state_of
from slack_app.views.message import drawn
from tests.slack_edge import ACTION, ROOT, TEAM, AtWork, Edge, at_work, click, edge

FORM = Form(
    "Renew my access pass, for all buildings",
    (
        Field("reason", FieldKind.CHOICE, "Why", choices=(Choice("lost", "I lost it"), Choice("old", "It is old"))),
        Field("day", FieldKind.DATE, "From which day", "Not before tomorrow."),
        Field("doors", FieldKind.NUMBER, "Doors", required=False, least=1, most=9, whole=True),
        Field("photo", FieldKind.YES_NO, "New photo", required=False, value="no"),
        Field("name", FieldKind.TEXT, "Name on it", least=1, most=40, value="Sanne"),
        Field("remarks", FieldKind.LONG_TEXT, "Remarks", required=False, most=4000),
    ),
    "Make the draft",
    "renew_my_pass",
    "en",
)
WHERE = FormPlace(TEAM, "C0GENERAL", ROOT, "", "UE1002", ROOT, shared=True)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge(tmp_path) as made:
        made.desk.forms["renew_my_pass"] = FORM
        yield made


def told(here: Edge) -> list[str]:
    return [str(one["text"]) for one in here.calls("chat.postEphemeral")]


def views(here: Edge) -> list[dict[str, Any]]:
    return [
        json.loads(one["view"]) if isinstance(one["view"], str) else one["view"] for one in here.calls("views.open")
    ]


def sent(values: dict[str, Any], user: str = "UE1002", about: str = "renew_my_pass", **view: Any) -> dict[str, Any]:
    """A `view_submission` of the form as Slack posts it."""
    place = {"tenant": TEAM, "room": "C0GENERAL", "thread": ROOT, "user": user, "shared": True}
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": ids.FILL,
            "private_metadata": json.dumps({"about": about, "place": place, "language": "en"}),
            "state": {"values": {name: {name: value} for name, value in values.items()}},
            **view,
        },
    }


VALUES: dict[str, Any] = {
    "reason": {"type": "static_select", "selected_option": {"value": "lost", "text": {"text": "I lost it"}}},
    "day": {"type": "datepicker", "selected_date": "2026-12-01"},
    "doors": {"type": "number_input", "value": "3"},
    "photo": {"type": "static_select", "selected_option": None},
    "name": {"type": "plain_text_input", "value": "  Sanne  "},
    "remarks": {"type": "plain_text_input", "value": None},
}


# --- how it looks ------------------------------------------------------------------------------------------------


def test_each_field_has_the_input_of_its_kind_and_slack_takes_the_window() -> None:
    view = form_view(FORM, WHERE)
    check_view(view, "modal")
    inputs = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    kinds = {name: block["element"]["type"] for name, block in inputs.items()}
    assert kinds == {
        "reason": "static_select", "day": "datepicker", "doors": "number_input", "photo": "static_select",
        "name": "plain_text_input", "remarks": "plain_text_input",
    }  # fmt: skip
    assert [name for name, block in inputs.items() if block.get("optional")] == ["doors", "photo", "remarks"]
    assert inputs["name"]["element"]["initial_value"] == "Sanne"
    assert inputs["photo"]["element"]["initial_option"]["value"] == "no"
    assert len(view["title"]["text"]) <= 24
    assert "Renew my access pass, for all buildings" in json.dumps(view["blocks"])


def test_a_window_carries_the_name_of_the_tool_the_draft_and_where_it_stands_only() -> None:
    state = state_of(form_view(Form("T", FORM.fields, "Go", "renew_my_pass", "nl", ACTION), WHERE))
    assert state.about == f"renew_my_pass {ACTION}"
    assert "Sanne" not in json.dumps(form_view(FORM, WHERE)["private_metadata"])


TEXTS = st.text(max_size=300).filter(lambda text: bool(text.strip()))


@given(st.lists(st.tuples(st.sampled_from(FieldKind), TEXTS, TEXTS, st.booleans()), min_size=1, max_size=40), TEXTS)
def test_whatever_a_form_says_slack_takes_it(asked: list[tuple[FieldKind, str, str, bool]], title: str) -> None:
    fields = tuple(
        Field(f"f{n}", kind, label, hint, needed, (Choice("a", label), Choice("b", hint)) if kind == "choice" else ())
        for n, (kind, label, hint, needed) in enumerate(asked)
    )
    check_view(form_view(Form(title, fields, title, "t", "nl"), WHERE), "modal")


def test_a_reply_with_a_form_has_its_button_with_an_opaque_name() -> None:
    (post,) = drawn(Reply("Why?", "en", form=FORM), link_hosts=frozenset())
    (found,) = [one for block in post.blocks for one in block.get("elements", ()) if one.get("action_id") == ids.FILL]
    assert found["value"] == "renew_my_pass"


# --- opening -----------------------------------------------------------------------------------------------------


async def test_the_button_opens_the_form_for_whoever_pressed_it(here: Edge) -> None:
    assert (await here.press(click(ids.FILL, "renew_my_pass", "UE1003")))[0] == 200
    await here.settle()
    (wanted,) = here.desk.wanted
    assert wanted.identity == ChannelIdentity("slack", TEAM, "UE1003")
    assert (wanted.tool, wanted.replaces) == ("renew_my_pass", "")
    (view,) = views(here)
    assert view["callback_id"] == ids.FILL


async def test_a_tool_that_is_not_offered_opens_nothing_and_that_is_said(here: Edge) -> None:
    for name in ("change_rules", "", "../x", "x" * 2000):
        assert (await here.press(click(ids.FILL, name)))[0] == 200
    await here.settle()
    assert views(here) == []
    assert len(told(here)) == 4


async def test_edit_opens_the_form_of_the_draft(here: Edge) -> None:
    here.desk.cards[ACTION] = Card(ACTION, "T", "s", (), (Button(Verb.EDIT, "Edit"),))
    here.desk.forms[ACTION] = Form("T", FORM.fields, "Go", "renew_my_pass", "nl", ACTION)
    await here.press(click(f"{ids.CARD}{Verb.EDIT}", ACTION, "UE1002"))
    await here.settle()
    assert here.desk.wanted[-1].replaces == ACTION
    (view,) = views(here)
    assert state_of(view).about == f"renew_my_pass {ACTION}"
    assert here.desk.clicks == []


async def test_while_the_desk_is_away_the_person_is_told(here: Edge) -> None:
    here.desk.down = True
    await here.press(click(ids.FILL, "renew_my_pass"))
    await here.settle()
    assert views(here) == []
    assert len(told(here)) == 1


# --- sending -----------------------------------------------------------------------------------------------------


async def test_what_was_filled_in_reaches_the_desk_as_plain_values(here: Edge) -> None:
    assert await here.press(sent(VALUES)) == (200, {"response_action": "clear"})
    (filled,) = here.desk.filled
    assert filled.values == {
        "reason": "lost", "day": "2026-12-01", "doors": "3", "photo": "", "name": "Sanne", "remarks": "",
    }  # fmt: skip
    assert filled.identity == ChannelIdentity("slack", TEAM, "UE1002")
    assert (filled.tool, filled.replaces, filled.standing) == ("renew_my_pass", "", Standing.MEMBER)
    assert (filled.address.room, filled.address.place, filled.address.user) == ("C0GENERAL", Place.SHARED, "UE1002")


async def test_the_same_window_sent_twice_is_the_same_event(here: Edge) -> None:
    for _ in range(2):
        await here.press(sent(VALUES))
    first, second = here.desk.filled
    assert first.event_id == second.event_id
    await here.press(sent(VALUES, id="V2"))
    assert here.desk.filled[-1].event_id != first.event_id


async def test_what_is_wrong_is_said_at_its_field(here: Edge) -> None:
    here.desk.filling = Filling(False, "", {"day": "Please give a later day.", "unknown": "x"})
    status, answer = await here.press(sent(VALUES))
    assert (status, answer) == (200, {"response_action": "errors", "errors": {"day": "Please give a later day."}})


async def test_what_is_wrong_with_the_whole_form_is_said_at_the_first_field(here: Edge) -> None:
    here.desk.filling = Filling(False, "This form is not for you.")
    _, answer = await here.press(sent(VALUES))
    assert answer["errors"] == {"reason": "This form is not for you."}
    here.desk.down = True
    _, answer = await here.press(sent(VALUES))
    assert list(answer["errors"]) == ["reason"]


async def test_somebody_elses_place_is_not_taken_over(here: Edge) -> None:
    body = sent(VALUES)
    body["user"]["id"] = "UE1003"
    await here.press(body)
    (filled,) = here.desk.filled
    assert filled.identity.user == "UE1003"
    assert filled.address.room != "C0GENERAL"


@pytest.mark.parametrize(
    "values",
    [
        {"reason": {"value": 7}}, {"reason": {"value": ["x"]}}, {"reason": "lost"}, {"reason": []},
        {"reason": {"selected_option": {"value": {"x": 1}}}}, {"name": {"value": "x" * 4001}},
        {f"f{n}": {"value": "x"} for n in range(101)},
    ],
)  # fmt: skip
async def test_a_shape_that_no_input_sends_is_refused(here: Edge, values: dict[str, Any]) -> None:
    body = sent({})
    body["view"]["state"]["values"] = {
        name: ({name: value} if isinstance(value, dict) else value) for name, value in values.items()
    }
    assert (await here.press(body))[0] == 400
    assert here.desk.filled == []


ANY = (
    st.none()
    | st.integers()
    | st.text(max_size=4)
    | st.dictionaries(st.sampled_from("ab"), st.none() | st.text(max_size=4))
)


@given(st.dictionaries(st.sampled_from("ab"), ANY, max_size=2))
def test_any_state_is_read_or_refused(values: dict[str, Any]) -> None:
    try:
        found = values_of({"state": {"values": values}})
    except ValueError:
        return
    assert all(isinstance(value, str) for value in found.values())


async def test_a_desk_that_takes_long_does_not_make_slack_wait(here: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slack_app.deciding.LONGEST_SECONDS", 0.05)
    here.desk.slow = asyncio.Event()
    here.desk.filling = Filling(False, "This form is not for you.")
    _, answer = await here.press(sent(VALUES))
    assert answer["response_action"] == "update"
    here.desk.slow.set()
    await here.settle()
    assert told(here) == ["This form is not for you."]


# --- the whole counter -------------------------------------------------------------------------------------------


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[AtWork]:
    async with at_work(tmp_path) as made:
        yield made


async def test_an_employee_fills_in_a_form_edits_the_draft_and_confirms(work: AtWork) -> None:
    tom = work.slack.people["UE1002"]
    await tom.dm("file a ticket")
    await work.settle()
    await tom.press(tom.sees(tom.im)[-1], "Fill in the form")
    await work.settle()
    wrong = await tom.submit({"queue": "IT", "summary": "Screen", "description": " "})
    assert list(wrong) == ["description"]
    assert await tom.submit({"queue": "IT", "summary": "Screen is black", "description": "Since today."}) == {}
    await work.settle()
    assert tom.modal is None
    before = len(tom.sees(tom.im))
    await tom.press(tom.sees(tom.im)[-1], "Edit")
    await work.settle()
    assert await tom.submit({"summary": "Screen is white"}) == {}
    await work.settle()
    assert len(tom.sees(tom.im)) == before
    card = tom.sees(tom.im)[-1]
    assert "Screen is white" in json.dumps(card.blocks)
    assert "Screen is black" not in json.dumps(card.blocks)
    await tom.press(card, "Confirm")
    await work.settle()
    assert [effect.kind for effect in work.counter.world.effects()] == ["ticket_created"]
