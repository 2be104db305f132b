"""Forms ask in the reader's language, carry ids only, and say at the field what is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Verb
from core.replies import Button, Card, Fact
from slack_app.views import forms, ids
from slack_app.views.forms import FormPlace, FormState
from slack_app.words import CATALOGUE, say
from tests.slack_blocks import assert_view, buttons_in, texts_of

PLACE = FormPlace("T1", "C1", "1.1", "", "U1", "2.2", shared=True)


def submitted(view: dict[str, object], **values: str | None) -> dict[str, object]:
    """The view as Slack sends it back."""
    inputs = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    return {**view, "state": {"values": inputs}}


@pytest.mark.parametrize("language", ["en", "nl", "fr"])
@pytest.mark.parametrize(
    "button",
    [
        Button(Verb.PROVE, "Enter the code", ("code",)),
        Button(Verb.DENY, "Deny", ("reason",)),
        Button(Verb.APPROVE, "Approve", ("callback",)),
        Button(Verb.APPROVE, "Approve", ("callback", "reason")),
        Button(Verb.EDIT, "Edit", ("something",)),
    ],
)
def test_a_form_asks_for_each_field_and_carries_ids_only(button: Button, language: str) -> None:
    view = forms.form_for(button, "action-1", language, PLACE)
    assert_view(view)
    assert view["callback_id"] == f"{ids.FORM}{button.verb}"
    assert forms.state_of(view) == FormState("action-1", PLACE, language)
    assert set(json.loads(view["private_metadata"])) == {"about", "place", "language"}
    assert tuple(block["block_id"] for block in view["blocks"]) == button.fields
    assert forms.fields_of(submitted(view, **dict.fromkeys(button.fields, " words "))) == dict.fromkeys(
        button.fields, "words"
    )


def test_a_form_speaks_the_language_of_its_reader() -> None:
    view = forms.form_for(Button(Verb.DENY, "Afwijzen", ("reason",)), "a", "nl", PLACE)
    assert list(texts_of(view["blocks"])) == ["Uw reden", say("form_reason_hint", "nl")]
    assert (view["title"]["text"], view["submit"]["text"]) == ("Waarom niet?", "Afwijzen")


def test_what_is_wrong_is_said_at_the_field() -> None:
    assert forms.missing_in({"code": ""}, "en") == {"code": say("form_missing", "en")}
    assert forms.missing_in({"code": "12a456"}, "en") == {"code": say("form_code_wrong", "en")}
    assert forms.missing_in({"code": "123 456"}, "en") == {}
    assert forms.missing_in({"reason": "x" * 5000}, "en") == {"reason": say("form_too_long", "en", limit=400)}
    assert forms.missing_in({"reason": "not now", "callback": "rang"}, "en") == {}
    assert forms.errors_for(("code",), "That is not the code.") == {"code": "That is not the code."}


def test_a_view_of_somebody_else_is_no_form_of_ours() -> None:
    for metadata in ("", "x", "[]", "{}", '{"about": 1, "place": {}, "language": "en"}', '{"about": "a", "place": 3}'):
        with pytest.raises(ValueError, match="without the state"):
            forms.state_of({"private_metadata": metadata})
    assert forms.fields_of({}) == {}
    assert forms.fields_of({"state": {"values": {"code": None}}}) == {}
    assert forms.fields_of(submitted({}, comment=None)) == {"comment": ""}


def test_a_comment_may_be_left_out() -> None:
    view = forms.comment_form("slack:T1:Ev1", "nl", PLACE)
    assert_view(view)
    assert view["callback_id"] == ids.COMMENT
    assert view["blocks"][0]["optional"] is True
    assert forms.state_of(view).about == "slack:T1:Ev1"


def test_one_card_is_a_window_with_its_buttons() -> None:
    card = Card("action-1", "Reset", "waits", (Fact("Who", "Noor"),), (Button(Verb.APPROVE, "Approve"),))
    view = forms.card_view(card, "en", PLACE)
    assert_view(view)
    assert [button["value"] for button in buttons_in(view["blocks"])] == ["action-1"]
    assert forms.state_of(view).place == PLACE


def test_a_card_that_no_window_holds_whole_cannot_be_decided_there() -> None:
    card = Card("action-1", "Reset", "waits", (Fact("a", "x" * 200_000),), (Button(Verb.APPROVE, "Approve"),))
    view = forms.card_view(card, "en")
    assert_view(view)
    assert buttons_in(view["blocks"]) == []
    assert list(texts_of(view["blocks"])) == [say("card_too_long", "en")]


def test_a_card_that_is_not_theirs_is_no_card() -> None:
    view = forms.card_view(None, "nl")
    assert_view(view)
    assert list(texts_of(view["blocks"])) == [say("card_gone", "nl")]


def test_a_slow_answer_says_that_the_window_may_be_closed() -> None:
    for language in ("en", "nl"):
        assert_view(forms.slow_view(language))


def test_every_title_and_button_of_a_window_fits() -> None:
    for language in CATALOGUE.languages:
        for key, sentence in CATALOGUE.keys(language).items():
            longest = 24 if key.endswith("_title") and not key.startswith("prompts") else 75
            if key.endswith("_title") or key in ("form_send", "form_approve", "form_deny", "form_cancel", "form_close"):
                assert len(sentence) <= longest, key


@given(st.text(max_size=100), st.text(max_size=300), st.builds(FormPlace, *[st.text(max_size=30)] * 6, st.booleans()))
def test_the_state_of_a_form_comes_back_as_it_went(about: str, text: str, place: FormPlace) -> None:
    view = forms.form_for(Button(Verb.DENY, "Deny", ("reason",)), about, "en", place)
    assert forms.state_of(view) == FormState(about, place, "en")
    assert forms.fields_of(submitted(view, reason=text)) == {"reason": text.strip()}
