"""What a person can press, pick and fill in on their screen, and how it is found there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulators.slack.nesting import blocks_in, elements_in
from simulators.slack.refusal import NothingToPress

Json = dict[str, Any]

TYPED = frozenset(
    {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
)


@dataclass(frozen=True, slots=True)
class Control:
    """Something on the screen: an element in its block, and what stands on it."""

    block: Json
    element: Json
    label: str
    value: str = ""

    @property
    def action_id(self) -> str:
        """The name under which the app hears of it."""
        return str(self.element.get("action_id", ""))

    @property
    def block_id(self) -> str:
        """Its block's id."""
        return str(self.block["block_id"])


def controls(blocks: list[Json], user: str) -> Iterator[Control]:
    """Everything that a person can act on, in the order of the screen."""
    for block in blocks_in(blocks):
        for element in elements_in(block):
            if "action_id" in element:
                visible = element.get("visible_to_user_ids")
                if not visible or user in visible:
                    yield from _parts(block, element)


def _parts(block: Json, element: Json) -> Iterator[Control]:
    kind = element["type"]
    if kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            yield Control(block, element, element[name]["text"]["text"], element[name]["value"])
    elif kind == "overflow":
        for option in element["options"]:
            yield Control(block, element, option["text"]["text"], option["value"])
    else:
        yield Control(block, element, _label(block, element), str(element.get("value", "")))


def _label(block: Json, element: Json) -> str:
    for said in (element.get("text"), block.get("label"), element.get("placeholder")):
        if isinstance(said, dict):
            return str(said.get("text", ""))
    return str(element.get("action_id", ""))


def find(blocks: list[Json], wanted: str, user: str) -> Control:
    """A control by its action id or by what stands on it. Raises `NothingToPress`, which says what there is."""
    there = list(controls(blocks, user))
    for control in there:
        if wanted in (control.label, control.label.strip()):
            return control
    for control in there:
        if wanted == control.action_id:
            return control
    raise NothingToPress(f"no {wanted!r}; there is {[(control.label, control.action_id) for control in there]}")


def options_of(element: Json) -> list[Json]:
    """Every option of a select, checkboxes or radio buttons."""
    grouped = [option for group in element.get("option_groups") or () for option in group["options"]]
    return [*(element.get("options") or ()), *grouped, *(element.get("offered") or ())]


def option(element: Json, wanted: str) -> Json:
    """An option by its value or its text. Raises `NothingToPress`."""
    for one in options_of(element):
        if wanted in (one["value"], one["text"]["text"]):
            return {key: one[key] for key in ("text", "value", "description") if key in one}
    raise NothingToPress(f"no option {wanted!r} in {[one['text']['text'] for one in options_of(element)]}")


_PICKED = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
}


def state_of(element: Json, value: Any) -> Json:
    """What a payload's state says of an element in which somebody typed or picked `value`."""
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": value}
    if kind in _PICKED:
        return {"type": kind, _PICKED[kind]: value}
    if kind in ("checkboxes", "multi_static_select", "multi_external_select"):
        chosen = [value] if isinstance(value, str) else list(value or ())
        return {"type": kind, "selected_options": [option(element, wanted) for wanted in chosen]}
    return {"type": kind, "selected_option": option(element, value) if value is not None else None}


def first_state(element: Json) -> Json:
    """The state of an element that nobody touched: what the app put into it."""
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": element.get("initial_value")}
    if kind in _PICKED:
        return {"type": kind, _PICKED[kind]: element.get(_PICKED[kind].replace("selected_", "initial_"))}
    if kind in ("checkboxes", "multi_static_select", "multi_external_select"):
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    return {"type": kind, "selected_option": element.get("initial_option")}
