"""What each method of the Web API needs: a scope, a kind of token, and how often a minute it may be called."""

from __future__ import annotations

from dataclasses import dataclass

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute, per method and workspace, as Slack documents its tiers (1+, 20+, 50+, 100+)."""

SPECIAL = 600
"""Calls a minute of the methods for which Slack allows hundreds."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a method asks of who calls it: one of `scopes` (none: any token), `per_minute` calls."""

    scopes: tuple[str, ...] = ()
    per_minute: int = SPECIAL
    bearer: str = "bot"


def _need(tier: int, *scopes: str) -> Need:
    return Need(scopes, TIERS.get(tier, SPECIAL))


NEEDS = {
    "agents.sessions.rename": _need(3, "chat:write"),
    "agents.sessions.setStatus": _need(3, "chat:write"),
    "apps.connections.open": Need(bearer="app", per_minute=TIERS[2]),
    "apps.manifest.validate": Need(bearer="config", per_minute=TIERS[3]),
    "apps.uninstall": Need(per_minute=TIERS[1]),
    "assistant.threads.setStatus": _need(0, "assistant:write", "chat:write"),
    "assistant.threads.setSuggestedPrompts": _need(0, "assistant:write"),
    "assistant.threads.setTitle": _need(0, "assistant:write"),
    "auth.revoke": Need(per_minute=TIERS[3]),
    "auth.teams.list": Need(per_minute=TIERS[2]),
    "auth.test": Need(),
    "chat.appendStream": _need(4, "chat:write"),
    "chat.delete": _need(3, "chat:write"),
    "chat.getPermalink": Need(),
    "chat.postEphemeral": _need(4, "chat:write"),
    "chat.postMessage": _need(0, "chat:write"),
    "chat.startStream": _need(2, "chat:write"),
    "chat.stopStream": _need(2, "chat:write"),
    "chat.update": _need(3, "chat:write"),
    "conversations.history": Need(per_minute=TIERS[3]),
    "conversations.info": Need(per_minute=TIERS[3]),
    "conversations.members": Need(per_minute=TIERS[4]),
    "conversations.open": _need(3, "im:write", "mpim:write"),
    "conversations.replies": Need(per_minute=TIERS[3]),
    "files.info": _need(4, "files:read"),
    "oauth.v2.access": Need(bearer="none", per_minute=TIERS[4]),
    "users.info": _need(4, "users:read"),
    "users.lookupByEmail": _need(3, "users:read.email"),
    "views.open": _need(4),
    "views.publish": _need(4),
    "views.push": _need(4),
    "views.update": _need(4),
}
"""Conversations ask for the scope of their kind, which only the room can tell: see `ROOM_SCOPES`."""

ROOM_SCOPES = {
    "history": {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"},
    "read": {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"},
}
