"""What Slack refuses in an app manifest (`apps.manifest.validate`).

Source: docs.slack.dev/reference/app-manifest. Parts that the app does not use are refused as unknown.
"""

from __future__ import annotations

import re
from typing import Any

from simulators.slack.limits.shapes import Check, anything, flag, several, shape, string, whole
from simulators.slack.manifest import EVENT_SCOPES

Json = dict[str, Any]

_NAMES = several(string(255, 1), 100, 0)
_PROMPT = shape({"title": string(255, 1), "message": string(4000, 1)})
_DELIVERY: dict[str, Check] = {"request_url": string(3000, 1)}

_FRAME = shape(
    {"display_information": shape({"name": string(35, 1)}, {
        "description": string(140, 1), "long_description": string(4000, 174), "background_color": string(7, 4),
    })},
    {
        "_metadata": shape({}, {"major_version": whole(1, 2), "minor_version": whole(0, 9)}),
        "features": shape({}, {
            "agent_view": shape({"agent_description": string(300, 1)}, {"suggested_prompts": several(_PROMPT, 4, 0)}),
            "assistant_view": anything,
            "app_home": shape({}, {
                "home_tab_enabled": flag, "messages_tab_enabled": flag, "messages_tab_read_only_enabled": flag,
            }),
            "bot_user": shape({"display_name": string(80, 1)}, {"always_online": flag}),
        }),
        "oauth_config": shape({}, {
            "scopes": shape({}, {"bot": _NAMES, "user": _NAMES}),
            "redirect_urls": several(string(3000, 1), 1000, 0),
            "token_management_enabled": flag,
        }),
        "settings": shape({}, {
            "event_subscriptions": shape({}, {**_DELIVERY, "bot_events": _NAMES, "user_events": _NAMES}),
            "interactivity": shape({"is_enabled": flag}, {**_DELIVERY, "message_menu_options_url": string(3000, 1)}),
            "org_deploy_enabled": flag,
            "socket_mode_enabled": flag,
            "token_rotation_enabled": flag,
            "is_hosted": flag,
            "allowed_ip_address_ranges": several(string(64, 1), 10, 0),
        }),
    },
)  # fmt: skip
_WRONG = re.compile(r"\[ERROR\] (.*) \[json-pointer:/blocks(.*)\]")


def faults_of(manifest: Json) -> list[Json]:
    """What is wrong, as Slack lists it: a message and a JSON pointer each."""
    wrongs: list[str] = []
    _FRAME(manifest, "", wrongs)
    if wrongs:
        return [_complaint(*match.groups()) for match in map(_WRONG.fullmatch, wrongs) if match]
    return [*_agent(manifest), *_events(manifest), *_addresses(manifest)]


def _complaint(message: str, pointer: str) -> Json:
    return {"message": message, "pointer": pointer or "/"}


def _bot_scopes(manifest: Json) -> set[str]:
    return set(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ()))


def _agent(manifest: Json) -> list[Json]:
    features, found = manifest.get("features", {}), []
    if "agent_view" in features and "assistant_view" in features:
        found.append(_complaint("agent_view and assistant_view exclude each other", "/features"))
    if "agent_view" in features and "assistant:write" not in _bot_scopes(manifest):
        found.append(_complaint("agent_view requires the scope assistant:write", "/oauth_config/scopes/bot"))
    return found


def _events(manifest: Json) -> list[Json]:
    scopes, found = _bot_scopes(manifest), []
    subscribed = manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", [])
    for number, event in enumerate(subscribed):
        needed = EVENT_SCOPES.get(event, ())
        if needed and not scopes & set(needed):
            pointer = f"/settings/event_subscriptions/bot_events/{number}"
            found.append(_complaint(f"{event} requires the scope {' or '.join(needed)}", pointer))
    return found


def _addresses(manifest: Json) -> list[Json]:
    settings, found = manifest.get("settings", {}), []
    socket = settings.get("socket_mode_enabled")
    for name in ("event_subscriptions", "interactivity"):
        part = settings.get(name, {"is_enabled": False})
        address = part.get("request_url")
        if address is None and not socket and part.get("is_enabled", True):
            found.append(_complaint("request_url is needed without Socket Mode", f"/settings/{name}"))
        elif address is not None and not address.startswith("https://"):
            found.append(_complaint("must be an https address", f"/settings/{name}/request_url"))
    for number, address in enumerate(manifest.get("oauth_config", {}).get("redirect_urls", ())):
        if not address.startswith("https://"):
            found.append(_complaint("must be an https address", f"/oauth_config/redirect_urls/{number}"))
    return found
