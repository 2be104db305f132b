"""Any tool's arguments as fields, and what was filled in as arguments: said at the field, in the reader's language."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.rules import Rule
from core.errors import ToolRetry
from core.fields import Choice, Field, FieldKind, Form
from tools.added.document import canonical, from_canonical
from tools.added.form_kind import KIND
from tools.added.form_reading import read_form
from tools.added.kinds import Way
from tools.fields import day_fault, form_of, read_answers
from tools.loaded import LoadedTool
from tools.loading import load_builtin

TODAY = date(2026, 11, 26)
EXAMPLES = Path(__file__).parents[2] / "examples"
FORMS = ("renew_my_pass", "book_a_slot", "survey")
ONE = {
    FieldKind.TEXT: Field("x", FieldKind.TEXT, "Name", least=2, most=10),
    FieldKind.LONG_TEXT: Field("x", FieldKind.LONG_TEXT, "Words", most=20),
    FieldKind.CHOICE: Field("x", FieldKind.CHOICE, "Why", choices=(Choice("lost", "I lost it"),)),
    FieldKind.DATE: Field("x", FieldKind.DATE, "Day", least=1, most=30),
    FieldKind.NUMBER: Field("x", FieldKind.NUMBER, "How many", least=1, most=5, whole=True),
    FieldKind.YES_NO: Field("x", FieldKind.YES_NO, "Photo"),
}


def form(field: Field, language: str = "en") -> Form:
    return Form("T", (field,), "Go", "t", language)


def example(name: str) -> LoadedTool:
    text = (EXAMPLES / name / "form.yaml").read_text(encoding="utf-8")
    document = read_form(text, f"{name}/form.yaml")
    Rule.model_validate(document.rule)
    return KIND.load(from_canonical(canonical(document)), Way())


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldKind.TEXT, "  Sanne ", "Sanne"),
        (FieldKind.LONG_TEXT, "a\nb", "a\nb"), (FieldKind.CHOICE, "lost", "lost"),
        (FieldKind.DATE, "2026-12-01", "2026-12-01"), (FieldKind.NUMBER, "3", 3), (FieldKind.NUMBER, "3,0", 3),
        (FieldKind.YES_NO, "yes", True), (FieldKind.YES_NO, "Nee", False),
    ],
)  # fmt: skip
def test_what_fits_becomes_an_argument(kind: FieldKind, text: str, value: Any) -> None:
    answers = read_answers(form(ONE[kind]), {"x": text}, TODAY)
    assert (dict(answers.arguments), dict(answers.errors), answers.foreign) == ({"x": value}, {}, False)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("kind", "text", "fix"),
    [
        (FieldKind.TEXT, "", "Name"), (FieldKind.TEXT, "\u200b\u202e", "Name"), (FieldKind.TEXT, "a", "2"),
        (FieldKind.TEXT, "a" * 11, "10"),
        (FieldKind.CHOICE, "stolen", "I lost it"), (FieldKind.CHOICE, "LOST", "I lost it"),
        (FieldKind.DATE, "2026-02-30", "2026-03-31"), (FieldKind.DATE, "tomorrow", "2026-03-31"),
        (FieldKind.DATE, "2026-11-26", "2026-11-27"), (FieldKind.DATE, "2027-01-01", "2026-12-26"),
        (FieldKind.NUMBER, "six", "How many"), (FieldKind.NUMBER, "6", "5"), (FieldKind.NUMBER, "2.5", "How many"),
        (FieldKind.NUMBER, "1e9", "How many"), (FieldKind.NUMBER, "NaN", "How many"),
        (FieldKind.NUMBER, "٣", "How many"),
        (FieldKind.YES_NO, "maybe", "Photo"),
    ],
)  # fmt: skip
def test_what_does_not_is_said_with_the_fix_in_the_readers_language(
    kind: FieldKind, text: str, fix: str, language: str
) -> None:
    answers = read_answers(form(ONE[kind], language), {"x": text}, TODAY)
    assert "x" not in answers.arguments
    assert fix in answers.errors["x"]
    other = read_answers(form(ONE[kind], "en" if language == "nl" else "nl"), {"x": text}, TODAY)
    assert other.errors["x"] != answers.errors["x"]


def test_a_field_that_may_be_left_out_is_left_out() -> None:
    optional = Field("x", FieldKind.NUMBER, "How many", required=False)
    assert read_answers(form(optional), {}, TODAY).arguments == {}
    assert read_answers(form(optional), {"x": " "}, TODAY).errors == {}


def test_a_value_without_a_field_is_noticed() -> None:
    assert read_answers(form(ONE[FieldKind.TEXT]), {"x": "Sanne", "approver": "E1003"}, TODAY).foreign


@given(st.sampled_from(sorted(ONE)), st.text(max_size=40))
def test_any_text_is_a_value_that_fits_or_an_error(kind: FieldKind, text: str) -> None:
    answers = read_answers(form(ONE[kind]), {"x": text}, TODAY)
    assert bool(answers.arguments) != bool(answers.errors)


@given(st.text(max_size=12))
def test_any_text_is_a_day_within_the_bounds_or_a_fault(text: str) -> None:
    if not day_fault(text, 0, 10, TODAY, "en"):
        assert 0 <= (date.fromisoformat(text) - TODAY).days <= 10


def test_every_built_in_tool_that_has_a_form_takes_what_the_form_gives() -> None:
    registry = load_builtin()
    shown = {loaded.name: form_of(loaded, "nl") for loaded in registry.all()}
    assert {name for name, one in shown.items() if one} == {"create_ticket", "comment_on_ticket", "hand_over_to_person"}
    for one in shown.values():
        for field in one.fields if one else ():
            assert field.label != field.name
            assert "_" not in field.label


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_an_example_is_a_form_in_both_languages_whose_answers_its_tool_takes(name: str, language: str) -> None:
    loaded = example(name)
    shown = form_of(loaded, language)
    assert shown is not None
    values = {field.name: _some(field) for field in shown.fields}
    answers = read_answers(shown, values, TODAY)
    assert answers.errors == {}
    assert loaded.tool.check(dict(answers.arguments))
    with pytest.raises(ToolRetry):
        loaded.tool.check({**answers.arguments, "approver": "E1003"})


def test_a_form_asks_in_the_order_in_which_it_was_written() -> None:
    loaded = example("renew_my_pass")
    assert list(loaded.tool.arguments.model_fields)[:3] == ["reason", "building", "collect_from"]
    assert list(loaded.tool.schema.parameters["properties"])[:3] == ["reason", "building", "collect_from"]


def test_a_draft_fills_its_form_in() -> None:
    known = {"reason": "lost", "new_photo": True, "collect_from": "2026-12-01", "remarks": "x"}
    shown = form_of(example("renew_my_pass"), "en", known, "a-1")
    assert shown is not None
    assert {field.name: field.value for field in shown.fields if field.value} == {**known, "new_photo": "yes"}


def _some(field: Field) -> str:
    match field.kind:
        case FieldKind.CHOICE:
            return field.choices[0].value
        case FieldKind.DATE:
            return "2026-12-04"
        case FieldKind.NUMBER:
            return "2"
        case FieldKind.YES_NO:
            return "yes"
    return "Something to say"
