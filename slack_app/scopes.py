"""What the app may do in a workspace: each scope with the reason for it, the calls and the events that need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Why a scope is asked for: one sentence for whoever has to agree, the Web API's methods, the events.

    `also` names another use in words, where no method or event shows it.
    """

    why: str
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    also: str = ""


_HISTORY = ("conversations.history", "conversations.replies")

SCOPES: Mapping[str, Scope] = {
    "app_mentions:read": Scope(
        "To hear what is said to Loket by name (@Loket) in channels it was invited to.", events=("app_mention",)
    ),
    "assistant:write": Scope(
        "To be Slack's agent surface: suggested questions, and the status while an answer is written.",
        methods=("assistant.threads.setStatus", "assistant.threads.setSuggestedPrompts"),
        events=("agent_session_stopped", "app_context_changed"),
    ),
    "channels:history": Scope(
        "To go on in a thread of a public channel without being named again, and to see whether a post of ours "
        "arrived; only channels it was invited to.",
        methods=_HISTORY,
        events=("message.channels",),
    ),
    "channels:read": Scope(
        "To check that an approvers' channel exists and that Loket is in it (public channels).",
        methods=("conversations.info",),
    ),
    "chat:write": Scope(
        "To answer: posts, updates of cards, answers shown while they grow, private notices.",
        methods=(
            "agents.sessions.setStatus",
            "chat.appendStream",
            "chat.delete",
            "chat.postEphemeral",
            "chat.postMessage",
            "chat.startStream",
            "chat.stopStream",
            "chat.update",
        ),
    ),
    "files:read": Scope(
        "To take a file that somebody sends to Loket along into their ticket.",
        also="the download of a file",
    ),
    "groups:history": Scope(
        "The same in private channels; only those it was invited to.",
        methods=_HISTORY,
        events=("message.groups",),
    ),
    "groups:read": Scope(
        "To check that an approvers' channel exists and that Loket is in it (private channels).",
        methods=("conversations.info",),
    ),
    "im:history": Scope(
        "To hear what people write to Loket in its own direct chat, and to see whether a post of ours arrived.",
        methods=_HISTORY,
        events=("message.im",),
    ),
    "im:write": Scope(
        "To open the direct chat with a person: for what is only for them, and to remind approvers.",
        methods=("conversations.open",),
    ),
    "mpim:history": Scope(
        "The same as in channels, where several people write with Loket in a group direct message.",
        methods=_HISTORY,
        events=("message.mpim",),
    ),
    "users:read": Scope(
        "To tell employees from guests, bots, strangers and people who left.",
        methods=("users.info",),
        events=("user_change",),
    ),
    "users:read.email": Scope(
        "To hold the address that Slack has confirmed against the directory when an employee links their own account.",
        methods=("users.info",),
        also="the address in what it answers",
    ),
}
"""All scopes of the bot, in the order in which the manifest lists them."""

WITHOUT_SCOPE = frozenset(
    {
        "apps.connections.open",  # the app-level token's own scope, connections:write
        "auth.revoke",
        "auth.teams.list",
        "auth.test",
        "oauth.v2.access",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    }
)
"""Methods that we call and that need none."""

EVENTS_WITHOUT_SCOPE = frozenset({"app_home_opened", "app_uninstalled", "tokens_revoked"})
"""Events that need none."""

APP_TOKEN_SCOPE = "connections:write"  # noqa: S105 - the name of a scope
"""What the app-level token of Socket Mode needs."""


def table() -> str:
    """The table of docs/slack.md: scope, why, what uses it."""
    lines = ["| scope | why | used by |", "|---|---|---|"]
    for name, scope in SCOPES.items():
        used = [f"`{one}`" for one in (*scope.methods, *scope.events)] + ([scope.also] if scope.also else [])
        lines.append(f"| `{name}` | {scope.why} | {', '.join(used)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - for docs/slack.md
