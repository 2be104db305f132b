"""The app's manifest for both modes, from one source: what an admin pastes into Slack under "From a manifest"."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from core.errors import ConfigError
from slack_app.installing.addresses import EVENTS_PATH, REDIRECT
from slack_app.listeners import EVENTS
from slack_app.scopes import SCOPES
from slack_app.settings import SlackSettings
from slack_app.words import say

Mode = Literal["http", "socket"]
_PROMPTS = ("leave", "password", "ticket", "person")


def manifest(settings: SlackSettings, mode: Mode, language: str = "en") -> dict[str, Any]:
    """The manifest as Slack takes it, in JSON values.

    `language` is that of the questions which Slack suggests before anybody has written. Tokens rotate where several
    workspaces install us: one that is typed into the settings would end after twelve hours.

    Raises `ConfigError` for `http` without a public address.
    """
    public = settings.public_url.rstrip("/")
    if mode == "http" and (urlsplit(public).scheme != "https" or not urlsplit(public).hostname):
        raise ConfigError("a manifest for http needs LOKET_SLACK_PUBLIC_URL, such as https://loket.example.gov")
    oauth: dict[str, Any] = {"scopes": {"bot": list(SCOPES)}}
    if public.startswith("https://"):
        oauth["redirect_urls"] = [f"{public}{REDIRECT}"]
    return {
        "display_information": _display(settings),
        "features": _features(settings, language),
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS), **_address(public, mode)},
            "interactivity": {"is_enabled": True, **_address(public, mode)},
            "org_deploy_enabled": True,
            "socket_mode_enabled": mode == "socket",
            "token_rotation_enabled": bool(settings.client_id),
        },
    }


def _display(settings: SlackSettings) -> dict[str, str]:
    return {
        "name": settings.app_name,
        "description": settings.app_description,
        "background_color": settings.app_color,
    }


def _features(settings: SlackSettings, language: str) -> dict[str, Any]:
    prompts = [
        {"title": say(f"prompt_{name}_title", language), "message": say(f"prompt_{name}_message", language)}
        for name in _PROMPTS
    ]
    return {
        "agent_view": {
            "agent_description": settings.app_description,
            "suggested_prompts": prompts,
        },
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": settings.app_name, "always_online": True},
    }


def _address(public: str, mode: Mode) -> dict[str, str]:
    return {"request_url": f"{public}{EVENTS_PATH}"} if mode == "http" else {}
