"""All that the simulated Slack knows at this moment."""

from __future__ import annotations

import copy
import itertools
import secrets
from collections.abc import Callable
from typing import Any

from simulators.slack.clock import Clock
from simulators.slack.manifest import Manifest
from simulators.slack.message import SimMessage
from simulators.slack.nesting import blocks_in, elements_in
from simulators.slack.records import Account, Call, Delivery, Room, Session, SimFile, Token, View, Workspace
from simulators.slack.refusal import SlackRefusal
from simulators.slack.triggers import Triggers

Json = dict[str, Any]

STREAM_SECONDS = 300.0
"""How long Slack keeps a stream open, whatever is appended to it."""


class World:
    """The organisation: its workspaces, people, rooms and views, and what happened in it."""

    def __init__(self, manifest: Manifest) -> None:
        self.clock = Clock()
        self.triggers = Triggers(self.clock)
        self.manifest = manifest
        self.app_id = "A0LOKET"
        self.client_id = "1111.2222"
        self.client_secret = secrets.token_hex(16)
        self.signing_secret = secrets.token_hex(16)
        self.app_token = f"xapp-1-{secrets.token_hex(12)}"
        self.address = ""
        self.stream_seconds = STREAM_SECONDS
        self.workspaces: dict[str, Workspace] = {}
        self.people: dict[str, Account] = {}
        self.rooms: dict[str, Room] = {}
        self.views: dict[str, View] = {}
        self.files: dict[str, SimFile] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.tokens: dict[str, Token] = {self.app_token: Token(self.app_token, "app", "", frozenset())}
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self.echoes: list[Delivery] = []
        self.hear: Callable[[SimMessage, str], None] = lambda message, subtype: None
        """Told of everything the app writes: `""`, `message_changed` or `message_deleted`."""
        self.leave: Callable[[str], None] = lambda team: None
        """Told when the app removes itself from a workspace."""
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """A number that was not given before."""
        return next(self._numbers)

    def workspace(self, team: str) -> Workspace:
        """A workspace by its id."""
        return self.workspaces[team]

    def add_workspace(self, team: str, enterprise: str = "") -> Workspace:
        """A workspace in which the app is installed."""
        first = not self.workspaces
        suffix = "" if first else str(len(self.workspaces) + 1)
        place = Workspace(team, enterprise, f"UBOT{suffix}", f"BBOT{suffix}", "")
        self.workspaces[team] = place
        self.people[place.bot_user] = Account(
            place.bot_user, team, self.manifest.name, "", enterprise=enterprise, bot=True, language="en-US"
        )
        place.token = self.give_token(team).value
        return place

    def give_token(self, place: str, expires_in: float | None = None) -> Token:
        """A new bot token of a workspace or an organisation, with the manifest's scopes. `expires_in` in seconds."""
        prefix = "xoxe.xoxb" if expires_in else "xoxb"
        until = self.clock.now() + expires_in if expires_in else None
        token = Token(f"{prefix}-{place}-{secrets.token_hex(12)}", "bot", place, self.manifest.scopes, expires_at=until)
        token.organisation = place if place not in self.workspaces else ""
        self.tokens[token.value] = token
        return token

    def workspaces_of(self, place: str) -> list[Workspace]:
        """A workspace, or all those of an organisation."""
        return [known for known in self.workspaces.values() if place in (known.team, known.enterprise)]

    def install(self, where: str) -> None:
        """The app comes into a workspace, or into all of an organisation: there it has one account in all of them."""
        first, *others = self.workspaces_of(where)
        for place in (first, *others):
            place.installed, place.by_organisation = True, where != place.team
        for place in others:
            for room in self.rooms.values():
                if place.bot_user in room.members:
                    room.members = {*room.members - {place.bot_user}, first.bot_user}
            place.bot_user, place.bot_id = first.bot_user, first.bot_id

    def team_of(self, token: Token, args: Json) -> str:
        """The workspace that a call is about: the token's own, or of an organisation's the one that is meant."""
        if not token.organisation:
            return token.team
        own = [place.team for place in self.workspaces_of(token.organisation)]
        room = self.rooms.get(str(args.get("channel") or args.get("channel_id")))
        person = self.people.get(str(args.get("user") or args.get("user_id") or args.get("users")))
        meant = args.get("team_id") or (room.team if room else None) or (person.team if person else None)
        if meant is None:
            return own[0]
        if meant not in own:
            raise SlackRefusal("team_access_not_granted")
        return str(meant)

    def open_im(self, account: Account) -> Room:
        """Somebody's conversation with the app."""
        room = self.rooms.get(account.im)
        if room is None:
            bot = self.workspaces[account.team].bot_user
            room = self.rooms[account.im] = Room(account.im, account.team, "im", account.id, {account.id, bot})
        return room

    def room(self, channel: object, team: str) -> Room:
        """A room that a workspace's token can see, also by a person's id. Raises `channel_not_found`."""
        if isinstance(channel, str):
            room = self.rooms.get(channel)
            if room is None and channel in self.people and not self.people[channel].bot:
                room = self.open_im(self.people[channel])
            if room is not None and self._reaches(room, team):
                return room
        raise SlackRefusal("channel_not_found")

    def _reaches(self, room: Room, team: str) -> bool:
        bot = self.workspaces[team].bot_user
        if room.kind != "channel":
            return bot in room.members
        return room.team == team or bot in room.members

    def message(self, room: Room, ts: object) -> SimMessage:
        """A message of a room. Raises `message_not_found`."""
        found = room.messages.get(ts) if isinstance(ts, str) else None
        if found is None:
            raise SlackRefusal("message_not_found")
        return found

    def settle_stream(self, message: SimMessage) -> None:
        """End a stream whose time is over."""
        if message.streaming and self.clock.now() - message.started_at >= self.stream_seconds:
            message.streaming = False

    def name_blocks(self, blocks: list[Json]) -> list[Json]:
        """A copy of blocks in which each block and each element that acts has an id, as Slack gives them."""
        named = copy.deepcopy(blocks)
        for block in blocks_in(named):
            block.setdefault("block_id", f"b{self.number()}")
            for element in elements_in(block):
                if element.get("type") not in NO_ACTION:
                    element.setdefault("action_id", f"a{self.number()}")
        return named


NO_ACTION = frozenset(
    {
        "image",
        "mrkdwn",
        "plain_text",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
    }
)
"""Elements that nobody can act on."""
