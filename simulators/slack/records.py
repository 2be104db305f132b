"""What a Slack organisation consists of: workspaces, people, rooms, views, tokens, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.slack.message import SimMessage

Json = dict[str, Any]


@dataclass(slots=True)
class Workspace:
    """A workspace and the app's own account in it."""

    team: str
    enterprise: str
    bot_user: str
    bot_id: str
    token: str
    installed: bool = True
    by_organisation: bool = False

    @property
    def domain(self) -> str:
        """The name before `.slack.com`."""
        return self.team.lower()


@dataclass(slots=True)
class Account:
    """A person (or a bot) as `users.info` knows them."""

    id: str
    team: str
    name: str
    email: str
    enterprise: str = ""
    guest: bool = False
    stranger_of: str = ""
    bot: bool = False
    deactivated: bool = False
    language: str = "nl-NL"
    modal: list[View] = field(default_factory=list)
    home: View | None = None
    suggested: list[Json] = field(default_factory=list)

    @property
    def im(self) -> str:
        """The channel of this person's conversation with the app."""
        return f"D{self.id}"


@dataclass(slots=True)
class Room:
    """A conversation: a channel (also private), a group direct message, or somebody's conversation with the app."""

    id: str
    team: str
    kind: str
    name: str
    members: set[str]
    shared_with: str = ""
    messages: dict[str, SimMessage] = field(default_factory=dict)
    graves: set[str] = field(default_factory=set)
    ephemerals: list[SimMessage] = field(default_factory=list)

    @property
    def channel_type(self) -> str:
        """`im`, `channel`, `group` or `mpim`, as events say it."""
        return self.kind

    def has_thread(self, ts: str) -> bool:
        """Whether one may reply to a message; that it was deleted does not matter."""
        return ts in self.messages or ts in self.graves

    def bury(self, message: SimMessage) -> None:
        """Delete a message."""
        message.deleted = True
        if self.messages.pop(message.ts, None) is not None:
            self.graves.add(message.ts)


@dataclass(slots=True, eq=False)
class View:
    """A modal or an App Home tab, as it stands on somebody's screen."""

    id: str
    team: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str = ""
    state: dict[str, dict[str, Json]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """`modal` or `home`."""
        return str(self.content.get("type", ""))

    @property
    def blocks(self) -> list[Json]:
        """Its blocks, each with a block id."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def title(self) -> str:
        """What stands at the top."""
        return str((self.content.get("title") or {}).get("text", ""))


@dataclass(slots=True)
class Token:
    """Something that opens the Web API."""

    value: str
    kind: str
    team: str
    scopes: frozenset[str]
    revoked: bool = False
    expires_at: float | None = None
    organisation: str = ""


@dataclass(slots=True)
class Session:
    """An agent session: one thread's status and title."""

    status: str
    title: str = ""
    line: str = ""


@dataclass(slots=True, frozen=True)
class Call:
    """One call to the Web API: what was asked, and what was answered. `at` in seconds since 1970."""

    method: str
    args: Json
    team: str
    at: float
    status: int
    ok: bool
    error: str = ""


@dataclass(slots=True)
class Delivery:
    """One event or interaction that was brought to the app. `seconds` until it was acknowledged, or given up."""

    kind: str
    type: str
    event_id: str
    body: Json
    tries: int = 0
    status: int = 0
    seconds: float = 0.0
    answer: Json | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the app took it in."""
        return 200 <= self.status < 300


@dataclass(slots=True, frozen=True)
class SimFile:
    """A file that somebody adds to a message; `size` in bytes, when it should claim another than it has."""

    name: str
    content: bytes
    mimetype: str = "application/octet-stream"
    size: int | None = None
    id: str = ""
    team: str = ""
    user: str = ""
