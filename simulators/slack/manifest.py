"""The app's manifest as Slack reads it: which scopes, which events, which surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

EVERY_SCOPE = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "users:read",
    "users:read.email",
]

EVERY_EVENT = [
    "agent_session_stopped",
    "app_context_changed",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
    "user_change",
]

EVENT_SCOPES = {
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "user_change": ("users:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "channel_rename": ("channels:read",),
}
"""Which scope (one of them) an event needs; those not named need none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the app asked for."""

    scopes: frozenset[str]
    events: frozenset[str]
    agent_view: bool = True
    home_tab: bool = True
    messages_tab: bool = True
    interactivity: bool = True
    socket_mode: bool = True
    rotation: bool = False
    org_deploy: bool = True
    redirect_urls: tuple[str, ...] = ()
    name: str = "Loket"

    @classmethod
    def read(cls, source: Json | None) -> Manifest:
        """From a manifest as Slack takes it; without one, an app that asked for all we use."""
        if source is None:
            return cls(frozenset(EVERY_SCOPE), frozenset(EVERY_EVENT))
        features, settings = source.get("features", {}), source.get("settings", {})
        oauth, home = source.get("oauth_config", {}), features.get("app_home", {})
        return cls(
            scopes=frozenset(oauth.get("scopes", {}).get("bot", ())),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            agent_view="agent_view" in features,
            home_tab=bool(home.get("home_tab_enabled")),
            messages_tab=bool(home.get("messages_tab_enabled")) and not home.get("messages_tab_read_only_enabled"),
            interactivity=bool(settings.get("interactivity", {}).get("is_enabled")),
            socket_mode=bool(settings.get("socket_mode_enabled")),
            rotation=bool(settings.get("token_rotation_enabled")),
            org_deploy=bool(settings.get("org_deploy_enabled")),
            redirect_urls=tuple(oauth.get("redirect_urls", ())),
            name=str(features.get("bot_user", {}).get("display_name", "Loket")),
        )

    def brings(self, event: str) -> bool:
        """Whether an event is subscribed to, with a scope that allows it."""
        needed = EVENT_SCOPES.get(event, ())
        return event in self.events and (not needed or any(scope in self.scopes for scope in needed))
