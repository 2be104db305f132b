"""The elements of Block Kit that people act on, with their limits.

Source: docs.slack.dev/reference/block-kit/block-elements.
"""

from __future__ import annotations

from simulators.slack.limits.objects import (
    ACTION_ID,
    CHOICE,
    CONFIRM,
    DISPATCH,
    FILTER,
    GROUP,
    OPTION,
    OVERFLOW_OPTION,
    SLACK_FILE,
    plain,
)
from simulators.slack.limits.shapes import (
    Check,
    Fields,
    address,
    anything,
    by_type,
    flag,
    one_of,
    several,
    shape,
    string,
    whole,
)

_ID: Fields = {"action_id": ACTION_ID}
_ASK: Fields = {**_ID, "focus_on_load": flag, "placeholder": plain(150)}
_PICK: Fields = {**_ASK, "confirm": CONFIRM}
_USERS = several(string(255, 1), 1000, 0)
_FEEDBACK = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
_TEXT: Fields = {**_ASK, "initial_value": string(3000), "dispatch_action_config": DISPATCH}


def _select(name: str, initial: str) -> dict[str, Check]:
    one = shape({}, {**_PICK, initial: string(255, 1)})
    many = shape({}, {**_PICK, f"{initial}s": _USERS, "max_selected_items": whole(1, 1000)})
    return {f"{name}_select": one, f"multi_{name}_select": many}


BUTTON = shape(
    {"text": plain(75)},
    {
        **_ID,
        "url": address,
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": _USERS,
    },
)

FEEDBACK = shape({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, _ID)

ICON = shape(
    {"icon": one_of("trash"), "text": plain(75)},
    {
        **_ID,
        "value": string(2000),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": _USERS,
    },
)

IMAGE = shape({"alt_text": string(2000, 1)}, {"image_url": address, "slack_file": SLACK_FILE})

_STATIC: Fields = {"options": several(OPTION, 100), "option_groups": several(GROUP, 100)}

SELECTS: dict[str, Check] = {
    "static_select": shape({}, {**_PICK, **_STATIC, "initial_option": OPTION}),
    "multi_static_select": shape(
        {}, {**_PICK, **_STATIC, "initial_options": several(OPTION, 100), "max_selected_items": whole(1, 1000)}
    ),
    "external_select": shape({}, {**_PICK, "initial_option": OPTION, "min_query_length": whole(0, 1000)}),
    "multi_external_select": shape(
        {},
        {
            **_PICK,
            "initial_options": several(OPTION, 100),
            "min_query_length": whole(0, 1000),
            "max_selected_items": whole(1, 1000),
        },
    ),
    **_select("users", "initial_user"),
    "conversations_select": shape(
        {},
        {
            **_PICK,
            "initial_conversation": string(255),
            "default_to_current_conversation": flag,
            "response_url_enabled": flag,
            "filter": FILTER,
        },
    ),
    "channels_select": shape({}, {**_PICK, "initial_channel": string(255), "response_url_enabled": flag}),
}

CHOICES: dict[str, Check] = {
    "checkboxes": shape(
        {"options": several(CHOICE, 10)},
        {**_ID, "initial_options": several(CHOICE, 10), "confirm": CONFIRM, "focus_on_load": flag},
    ),
    "radio_buttons": shape(
        {"options": several(CHOICE, 10)}, {**_ID, "initial_option": CHOICE, "confirm": CONFIRM, "focus_on_load": flag}
    ),
    "datepicker": shape({}, {**_PICK, "initial_date": string(10, 10)}),
    "timepicker": shape({}, {**_PICK, "initial_time": string(5, 5), "timezone": string(255)}),
    "datetimepicker": shape({}, {**_ID, "initial_date_time": anything, "confirm": CONFIRM, "focus_on_load": flag}),
}

OVERFLOW = shape({"options": several(OVERFLOW_OPTION, 5)}, {**_ID, "confirm": CONFIRM})

TEXT_INPUT = shape({}, {**_TEXT, "multiline": flag, "min_length": whole(0, 3000), "max_length": whole(1, 3000)})

TYPED: dict[str, Check] = {
    "plain_text_input": TEXT_INPUT,
    "email_text_input": shape({}, _TEXT),
    "url_text_input": shape({}, _TEXT),
    "number_input": shape({"is_decimal_allowed": flag}, {**_TEXT, "min_value": string(255), "max_value": string(255)}),
    "rich_text_input": shape({}, {**_ASK, "initial_value": anything, "dispatch_action_config": DISPATCH}),
    "file_input": shape({}, {**_ID, "filetypes": anything, "max_files": whole(1, 10)}),
}

IN_ACTIONS = by_type({"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **CHOICES}, "element")
IN_SECTION = by_type({"button": BUTTON, "overflow": OVERFLOW, "image": IMAGE, **SELECTS, **CHOICES}, "element")
IN_INPUT = by_type({**TYPED, **SELECTS, **CHOICES}, "element")
IN_CONTEXT_ACTIONS = by_type({"feedback_buttons": FEEDBACK, "icon_button": ICON}, "element")
