"""Which function answers which method of the Web API."""

from __future__ import annotations

from simulators.slack.api import agents, apps, chat, rooms, streams, views
from simulators.slack.api.door import Handler

METHODS: dict[str, Handler] = {
    "agents.sessions.rename": agents.rename,
    "agents.sessions.setStatus": agents.set_status,
    "apps.manifest.validate": apps.validate_manifest,
    "apps.uninstall": apps.uninstall,
    "assistant.threads.setStatus": agents.set_line,
    "assistant.threads.setSuggestedPrompts": agents.set_prompts,
    "assistant.threads.setTitle": agents.set_title,
    "auth.revoke": apps.auth_revoke,
    "auth.teams.list": apps.auth_teams,
    "auth.test": apps.auth_test,
    "chat.appendStream": streams.append,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.startStream": streams.start,
    "chat.stopStream": streams.stop,
    "chat.update": chat.update,
    "conversations.history": rooms.history,
    "conversations.info": rooms.info,
    "conversations.members": rooms.members,
    "conversations.open": rooms.open_room,
    "conversations.replies": rooms.replies,
    "files.info": apps.file_info,
    "users.info": rooms.user_info,
    "users.lookupByEmail": rooms.user_by_email,
    "views.open": views.open_view,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}
"""Besides these: `apps.connections.open` (Socket Mode) and `oauth.v2.access`, which keep something between calls."""
