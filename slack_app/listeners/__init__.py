"""What Slack tells us, one kind of event a file."""

from __future__ import annotations

EVENTS = (
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
)
"""The events that the app subscribes to, in the manifest's words. `message.channels`, `message.groups` and
`message.mpim` (several people without a channel) let people go on in a thread without a mention; whatever else is
said there is left alone."""
