"""What a modal or an App Home tab may be."""

from __future__ import annotations

import json
from typing import Any

from simulators.slack.limits.blocks import IN_HOME, IN_MODAL
from simulators.slack.limits.messages import twice
from simulators.slack.limits.objects import plain
from simulators.slack.limits.shapes import Check, Fields, flag, one_of, several, shape, string
from simulators.slack.refusal import SlackRefusal

_COMMON: Fields = {"private_metadata": string(3000), "callback_id": string(255), "external_id": string(255)}
VIEWS: dict[str, Check] = {
    "modal": shape(
        {"type": one_of("modal"), "title": plain(24), "blocks": several(IN_MODAL, 100, 0)},
        {
            **_COMMON,
            "close": plain(24),
            "submit": plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
    ),
    "home": shape({"type": one_of("home"), "blocks": several(IN_HOME, 100, 0)}, _COMMON),
}


def check_view(view: object, *allowed: str) -> dict[str, Any]:
    """A view of one of the allowed types. Raises `invalid_arguments` with what is wrong, `view_too_large`."""
    if not isinstance(view, dict) or view.get("type") not in allowed:
        raise SlackRefusal("invalid_arguments", f"[ERROR] must be a view of type {' or '.join(allowed)}")
    if len(json.dumps(view)) > 250_000:
        raise SlackRefusal("view_too_large")
    wrongs: list[str] = []
    VIEWS[view["type"]](view, "", wrongs)
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        wrongs += twice(blocks)
        asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if asks and view["type"] == "modal" and "submit" not in view:
            wrongs.append("[ERROR] missing required field: submit, because there are input blocks")
    if wrongs:
        raise SlackRefusal("invalid_arguments", *wrongs)
    return view
