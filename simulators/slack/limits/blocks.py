"""The blocks of Block Kit and where each may stand, with their limits.

Source: docs.slack.dev/reference/block-kit/blocks. Of `rich_text` and `table`
only the frame is checked.
"""

from __future__ import annotations

from simulators.slack.limits.elements import (
    IMAGE,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
)
from simulators.slack.limits.objects import BLOCK_ID, SLACK_FILE, either, plain
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
    wrong,
)

_ID: Fields = {"block_id": BLOCK_ID}
_TEXT_OR_IMAGE = by_type(
    {
        "image": IMAGE,
        "plain_text": shape({"text": string(3000, 1)}, {"emoji": flag}),
        "mrkdwn": shape({"text": string(3000, 1)}, {"verbatim": flag}),
    },
    "element",
)
_SECTION = shape(
    {}, {**_ID, "text": either(3000), "fields": several(either(2000), 10), "accessory": IN_SECTION, "expand": flag}
)


def _section(value: object, where: str, wrongs: list[str]) -> None:
    _SECTION(value, where, wrongs)
    if isinstance(value, dict) and not value.get("text") and not value.get("fields"):
        wrongs.append(wrong("missing required field: text or fields", where))


_RICH = several(
    by_type(
        {
            "rich_text_section": shape({"elements": several(anything, 1000, 0)}),
            "rich_text_list": shape(
                {"elements": several(anything, 1000, 0), "style": one_of("bullet", "ordered")},
                {"indent": whole(0, 8), "border": whole(0, 1), "offset": whole(0, 10_000)},
            ),
            "rich_text_quote": shape({"elements": several(anything, 1000, 0)}, {"border": whole(0, 1)}),
            "rich_text_preformatted": shape({"elements": several(anything, 1000, 0)}, {"border": whole(0, 1)}),
        },
        "rich text",
    ),
    1000,
    0,
)
RICH_TEXT = shape({"elements": _RICH}, _ID)
_SOURCES = several(shape({"url": address, "text": string(3000, 1)}), 50, 0)
_TASK = shape(
    {"task_id": string(255, 1), "title": string(3000, 1)},
    {
        **_ID,
        "status": one_of("pending", "in_progress", "complete", "error"),
        "details": by_type({"rich_text": RICH_TEXT}),
        "output": by_type({"rich_text": RICH_TEXT}),
        "sources": _SOURCES,
    },
)
_TASK_CARD = by_type({"task_card": _TASK}, "task")

_CELL = by_type({"raw_text": shape({"text": string(3000)}), "rich_text": RICH_TEXT}, "cell")

EVERYWHERE: dict[str, Check] = {
    "section": _section,
    "divider": shape({}, _ID),
    "header": shape({"text": plain(150)}, {**_ID, "level": whole(1, 6)}),
    "context": shape({"elements": several(_TEXT_OR_IMAGE, 10)}, _ID),
    "actions": shape({"elements": several(IN_ACTIONS, 25)}, _ID),
    "image": shape(
        {"alt_text": string(2000, 1)}, {**_ID, "image_url": address, "slack_file": SLACK_FILE, "title": plain(2000)}
    ),
    "rich_text": RICH_TEXT,
    "input": shape(
        {"label": plain(2000), "element": IN_INPUT},
        {**_ID, "hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
}

_CARD = shape(
    {},
    {
        **_ID,
        "title": either(150),
        "subtitle": either(150),
        "body": either(200),
        "hero_image": by_type({"image": IMAGE}),
        "icon": by_type({"image": IMAGE}),
        "actions": several(IN_ACTIONS, 5, 0),
    },
)

_FLAT: dict[str, Check] = {
    "markdown": shape({"text": string(12_000, 1)}, _ID),
    "context_actions": shape({"elements": several(IN_CONTEXT_ACTIONS, 5)}, _ID),
    "plan": shape({"title": string(3000, 1)}, {**_ID, "tasks": several(_TASK_CARD, 50, 0)}),
    "task_card": _TASK,
    "table": shape({"rows": several(several(_CELL, 20), 100)}, {**_ID, "column_settings": anything}),
    "file": shape({"external_id": string(255), "source": one_of("remote")}, _ID),
}

MESSAGE_ONLY: dict[str, Check] = {
    **_FLAT,
    "card": _CARD,
    "carousel": shape({"elements": several(by_type({"card": _CARD}, "card"), 10)}, _ID),
    "container": shape(
        {"child_blocks": several(by_type({**EVERYWHERE, **_FLAT}, "block"), 10)},
        {
            **_ID,
            "title": plain(150),
            "rich_text_title": by_type({"rich_text": RICH_TEXT}),
            "subtitle": either(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": by_type({"image": IMAGE}),
            "is_collapsible": flag,
            "default_collapsed": flag,
        },
    ),
}

MODAL_ONLY: dict[str, Check] = {
    "alert": shape({"text": either(200)}, {**_ID, "level": one_of("default", "info", "warning", "error", "success")}),
}

IN_MESSAGE = by_type({**EVERYWHERE, **MESSAGE_ONLY}, "block")
IN_HOME = by_type(EVERYWHERE, "block")
IN_MODAL = by_type({**EVERYWHERE, **MODAL_ONLY}, "block")
