"""Filling in a form as a person does, and what Slack itself refuses before the app hears of it."""

from __future__ import annotations

import re
from typing import Any

from simulators.slack.records import View
from simulators.slack.refusal import NothingToPress
from simulators.slack.screen import first_state, state_of

Json = dict[str, Any]

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack shows when the app does not answer, or not in a way that Slack understands."""


def inputs(view: View) -> list[Json]:
    """The input blocks of a form."""
    return [block for block in view.blocks if block["type"] == "input"]


def fill(view: View, values: Json) -> None:
    """Type and pick: `values` by block id, action id or label. What is not named keeps what stands there."""
    by_name: dict[str, Json] = {}
    for block in inputs(view):
        by_name |= {block["block_id"]: block, block["element"]["action_id"]: block, block["label"]["text"]: block}
        place = view.state.setdefault(block["block_id"], {})
        place.setdefault(block["element"]["action_id"], first_state(block["element"]))
    for name, value in values.items():
        found = by_name.get(name)
        if found is None:
            raise NothingToPress(f"no field {name!r}; there is {[block['label']['text'] for block in inputs(view)]}")
        view.state[found["block_id"]][found["element"]["action_id"]] = state_of(found["element"], value)


def refused_by_slack(view: View) -> dict[str, str]:
    """What Slack's own client says of a form, by block id, without asking the app."""
    found = {}
    for block in inputs(view):
        element = block["element"]
        state = view.state[block["block_id"]][element["action_id"]]
        value = next((inner for key, inner in state.items() if key != "type"), None)
        said = _missing(block) if value in (None, "", []) else _mistyped(element, value)
        if said:
            found[block["block_id"]] = said
    return found


def _missing(block: Json) -> str:
    return "" if block.get("optional") else "Please complete this required field."


def _mistyped(element: Json, value: Any) -> str:
    kind = element["type"]
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.match(r"https?://\S+$", value):
        return "Please enter a valid URL."
    if kind == "number_input" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return "Please enter a number."
    if kind == "plain_text_input" and not element.get("min_length", 0) <= len(value) <= element.get("max_length", 3000):
        return f"Please enter {element.get('min_length', 0)} to {element.get('max_length', 3000)} characters."
    return ""


def errors_shown(view: View, errors: Any) -> dict[str, str]:
    """The app's own errors, as Slack shows them: on input blocks of this form only."""
    known = {block["block_id"] for block in inputs(view)}
    if not isinstance(errors, dict) or not errors or not set(errors) <= known:
        return {"": TROUBLE}
    return {block_id: str(said) for block_id, said in errors.items()}
