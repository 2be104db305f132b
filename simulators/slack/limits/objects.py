"""The small objects of Block Kit: texts, options, confirmations, with their limits.

Source: docs.slack.dev/reference/block-kit/composition-objects.
"""

from __future__ import annotations

from simulators.slack.limits.shapes import Check, address, by_type, flag, one_of, several, shape, string

ACTION_ID = string(255, 1)
BLOCK_ID = string(255, 1)


def plain(longest: int = 3000, shortest: int = 1) -> Check:
    """A `plain_text` object."""
    return by_type({"plain_text": shape({"text": string(longest, shortest)}, {"emoji": flag})}, "text type")


def either(longest: int = 3000, shortest: int = 1) -> Check:
    """A `plain_text` or `mrkdwn` object."""
    return by_type(
        {
            "plain_text": shape({"text": string(longest, shortest)}, {"emoji": flag}),
            "mrkdwn": shape({"text": string(longest, shortest)}, {"verbatim": flag}),
        },
        "text type",
    )


CONFIRM = shape(
    {"title": plain(100), "text": either(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)

OPTION = shape({"text": plain(75), "value": string(150, 1)}, {"description": plain(75)})
CHOICE = shape({"text": either(75), "value": string(150, 1)}, {"description": either(75)})
OVERFLOW_OPTION = shape({"text": plain(75), "value": string(150, 1)}, {"description": plain(75), "url": address})
GROUP = shape({"label": plain(75), "options": several(OPTION, 100)})

DISPATCH = shape({}, {"trigger_actions_on": several(one_of("on_enter_pressed", "on_character_entered"), 2)})

FILTER = shape(
    {},
    {
        "include": several(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)

SLACK_FILE = shape({}, {"id": string(255), "url": address})
