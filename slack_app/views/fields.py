"""A tool's form as a window of Slack: an input for each kind of field, and what people filled in as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.models.blocks import (
    DatePickerElement,
    InputBlock,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from core.fields import Field, FieldKind, Form
from slack_app.views import ids
from slack_app.views.forms import FormPlace, FormState, metadata_of
from slack_app.views.measure import shortened
from slack_app.views.pieces import drawn_block, heading, plain
from slack_app.words import say

TITLE, SUBMIT = 24, 24
LABEL, HINT = 1900, 1900
OPTION, VALUE = 75, 150
MOST_TEXT = 3_000
"""Characters that Slack lets people type into one field."""
_YES_NO = ("yes", "no")


def form_view(form: Form, where: FormPlace) -> dict[str, Any]:
    """The form as a window; its callback id is `ids.FILL`, and it carries the tool's name and the draft's id only."""
    state = FormState(f"{form.tool} {form.replaces}".strip(), where, form.language)
    inputs = [drawn_block(_input(field, form.language, focus=n == 0)) for n, field in enumerate(form.fields)]
    fits = len(form.title) <= TITLE
    view = View(
        type="modal",
        title=plain(shortened(form.title, TITLE)),
        submit=plain(shortened(form.submit, SUBMIT)),
        close=plain(say("form_cancel", form.language)),
        callback_id=ids.FILL,
        private_metadata=metadata_of(state),
        blocks=[*(() if fits else heading(form.title)), *inputs],
    )
    drawn: dict[str, Any] = view.to_dict()
    return drawn


def about(state: FormState) -> tuple[str, str]:
    """The tool's name and the id of the draft that is edited, as the form was made for them."""
    tool, _, replaces = state.about.partition(" ")
    return tool, replaces


def values_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the field's name; a field that was left empty is an empty text.

    Raises ValueError for a shape that Slack's inputs do not have.
    """
    values = (view.get("state") or {}).get("values") or {}
    if not isinstance(values, Mapping):
        raise ValueError("values")
    return {str(name): _value(inputs, str(name)) for name, inputs in values.items()}


def _value(inputs: object, name: str) -> str:
    element = inputs.get(name) if isinstance(inputs, Mapping) else None
    if not isinstance(element, Mapping):
        raise ValueError(name[:40])
    found = element.get("value") or element.get("selected_date")
    option = element.get("selected_option")
    if found is None and isinstance(option, Mapping):
        found = option.get("value")
    if found is not None and not isinstance(found, str):
        raise ValueError(name[:40])
    return (found or "").strip()


def _input(field: Field, language: str, *, focus: bool) -> InputBlock:
    return InputBlock(
        block_id=field.name,
        label=plain(shortened(field.label, LABEL)),
        hint=plain(shortened(field.help, HINT)) if field.help else None,
        element=_element(field, language, focus=focus or None),
        optional=not field.required,
    )


def _element(field: Field, language: str, *, focus: bool | None) -> InputInteractiveElement:
    match field.kind:
        case FieldKind.CHOICE:
            options = [_option(one.value, one.label) for one in field.choices]
            return _select(field, options, language, focus=focus)
        case FieldKind.YES_NO:
            options = [_option(value, say(f"form_{value}", language)) for value in _YES_NO]
            return _select(field, options, language, focus=focus)
        case FieldKind.DATE:
            return DatePickerElement(action_id=field.name, initial_date=field.value or None, focus_on_load=focus)
        case FieldKind.NUMBER:
            return NumberInputElement(
                action_id=field.name,
                is_decimal_allowed=not field.whole,
                initial_value=field.value or None,
                min_value=_number(field.least),
                max_value=_number(field.most),
                focus_on_load=focus,
            )
    most = min(MOST_TEXT, int(field.most)) if field.most is not None else MOST_TEXT
    return PlainTextInputElement(
        action_id=field.name,
        multiline=field.kind is FieldKind.LONG_TEXT,
        initial_value=field.value[:most] or None,
        min_length=int(field.least) if field.least and field.required else None,
        max_length=most,
        focus_on_load=focus,
    )


def _select(field: Field, options: list[Option], language: str, *, focus: bool | None) -> StaticSelectElement:
    chosen = next((one for one in options if one.value == field.value), None)
    return StaticSelectElement(
        action_id=field.name,
        placeholder=plain(say("form_choose", language)),
        options=options,
        initial_option=chosen,
        focus_on_load=focus,
    )


def _option(value: str, label: str) -> Option:
    return Option(value=value[:VALUE], text=plain(shortened(label, OPTION)))


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return str(int(value)) if float(value).is_integer() else str(value)
