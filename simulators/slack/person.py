"""A person of the simulated Slack: what they write, press, fill in, and see."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulators.slack import events, reading
from simulators.slack.api.apps import file_record
from simulators.slack.api.views import record
from simulators.slack.emoji import rich_elements
from simulators.slack.message import SimMessage
from simulators.slack.records import Account, Delivery, Room, SimFile, View
from simulators.slack.refusal import NothingToPress

if TYPE_CHECKING:
    from simulators.slack.simulator import SlackSimulator

Json = dict[str, Any]
FileLike = SimFile | tuple[str, bytes]


class SimPerson:
    """Somebody with Slack open. Whatever they do waits until the app has taken it in."""

    def __init__(self, slack: SlackSimulator, account: Account) -> None:
        self._slack = slack
        self._world = slack.world
        self.account = account

    @property
    def id(self) -> str:
        """Their user id."""
        return self.account.id

    @property
    def name(self) -> str:
        """Their name."""
        return self.account.name

    @property
    def im(self) -> str:
        """The channel of their conversation with the app."""
        return self._world.open_im(self.account).id

    @property
    def modal(self) -> View | None:
        """The form that is open before them."""
        return self.account.modal[-1] if self.account.modal else None

    @property
    def home(self) -> View | None:
        """The app's home tab, as published for them."""
        return self.account.home

    @property
    def prompts(self) -> list[Json]:
        """The suggestions that stand in their Messages tab."""
        return self.account.suggested

    async def dm(self, text: str, thread_ts: str | None = None, files: Sequence[FileLike] = ()) -> SimMessage:
        """Write to the app in its Messages tab."""
        return await self._write(self._world.open_im(self.account), text, thread_ts, files)

    async def post(
        self, channel: str, text: str, thread_ts: str | None = None, files: Sequence[FileLike] = ()
    ) -> SimMessage:
        """Write in a channel; who names the app with `<@UBOT>` calls it."""
        return await self._write(self._world.rooms[channel], text, thread_ts, files)

    async def forward(self, message: SimMessage, text: str = "", channel: str = "") -> SimMessage:
        """Send somebody's message on, to the app or into a channel, with words of their own or without."""
        room = self._world.rooms[channel] if channel else self._world.open_im(self.account)
        return await self._write(room, text, None, (), [self._shared(message)])

    async def edit(self, message: SimMessage, text: str) -> Delivery | None:
        """Change what they wrote."""
        room = self._world.rooms[message.channel]
        before = message.as_api()
        message.versions.append((message.text, message.blocks))
        message.text, message.blocks, message.edited = reading.typed(text), rich(text), True
        changed = events.changed_event(message, before, room, self._world.clock.stamp())
        return await self._slack.send_event(self.account.team, changed, room)

    async def delete(self, message: SimMessage) -> Delivery | None:
        """Delete what they wrote."""
        room = self._world.rooms[message.channel]
        room.bury(message)
        gone = events.deleted_event(message, room, self._world.clock.stamp())
        return await self._slack.send_event(self.account.team, gone, room)

    async def press(self, on: SimMessage | View, wanted: str, value: Any = None, *, stale: bool = False) -> Delivery:
        """Press a button, by what stands on it or by its action id; of a list, `value` is what they pick.

        `on` a message, the open form (`tom.modal`) or App Home (`tom.home`). `stale`: as the message stood before its
        last change. A confirmation is confirmed. The delivery tells whether the app took it in.
        """
        if isinstance(on, View):
            return await self._slack.interactions.press_in_view(self.account, on, wanted, value)
        return await self._slack.interactions.press(self.account, on, wanted, value, stale)

    async def suggest(self, wanted: str, query: str) -> list[str]:
        """Type in a list of the open form that the app fills: what it offers."""
        return await self._slack.interactions.suggest(self.account, self._open(), wanted, query)

    async def submit(self, values: Json | None = None) -> dict[str, str]:
        """Fill in the open form (by block id, action id or label) and send it: the errors shown, by block id."""
        return await self._slack.interactions.submit(self.account, self._open(), values or {})

    async def close_modal(self) -> Delivery | None:
        """Close the open form without sending it."""
        return await self._slack.interactions.close(self.account, self._open())

    def _open(self) -> View:
        if self.modal is None:
            raise NothingToPress(f"{self.name} has no form open")
        return self.modal

    async def open_home(self) -> Delivery | None:
        """Open the app's home tab."""
        event = self._tab("home")
        if self.account.home is not None:
            event["view"] = record(self._world, self.account.home)
        return await self._slack.send_event(self.account.team, event)

    async def open_messages_tab(self) -> Delivery | None:
        """Open the app's Messages tab."""
        return await self._slack.send_event(self.account.team, self._tab("messages"))

    async def stop(self, channel: str, thread_ts: str) -> Delivery | None:
        """Press Stop: streams of the thread end, and the app is told."""
        room, stopped = self._world.rooms[channel], []
        for message in room.messages.values():
            if message.streaming and message.thread_ts == thread_ts:
                message.streaming, message.stopped_by = False, self.id
                stopped.append(message.ts)
        event = {
            "type": "agent_session_stopped",
            "channel": channel,
            "thread_ts": thread_ts,
            "user": self.id,
            "streaming_message_ts": stopped,
            "event_ts": self._world.clock.stamp(),
        }
        return await self._slack.send_event(self.account.team, event, room)

    def can_stop(self, channel: str, thread_ts: str) -> bool:
        """Whether the Stop button stands under a thread: while it is processing, when the app listens to it."""
        session = self._world.sessions.get((channel, thread_ts))
        return bool(
            session and session.status == "processing" and "agent_session_stopped" in self._world.manifest.events
        )

    def sees(self, channel: str) -> list[SimMessage]:
        """Every message that they can see in a channel, in order of time; what is for them alone too."""
        room = self._world.rooms.get(channel)
        if room is None or self.id not in room.members:
            return []
        own = [message for message in room.ephemerals if message.ephemeral_to == self.id and not message.deleted]
        return sorted([*room.messages.values(), *own], key=lambda message: message.ts)

    async def _write(
        self, room: Room, text: str, thread_ts: str | None, files: Sequence[FileLike], shared: Sequence[Json] = ()
    ) -> SimMessage:
        message = SimMessage(room.id, self._world.clock.stamp(), self.id, self.account.team, thread_ts=thread_ts)
        message.text, message.blocks = reading.typed(text), rich(text)
        message.attachments = list(shared)
        message.files = [self._share(file) for file in files]
        room.messages[message.ts] = message
        occurred = [events.message_event(message, room, self.account)]
        bot = self._world.workspaces[room.team].bot_user
        if room.kind != "im" and f"<@{bot}>" in text:
            occurred.insert(0, events.mention_event(message, room, self.account))
        await asyncio.gather(*(self._slack.send_event(room.team, event, room) for event in occurred))
        return message

    def _share(self, given: FileLike) -> Json:
        file = given if isinstance(given, SimFile) else SimFile(given[0], given[1], _mimetype(given[0]))
        kept = SimFile(
            file.name,
            file.content,
            file.mimetype,
            file.size,
            f"F{self._world.number():06d}",
            self.account.team,
            self.id,
        )
        self._world.files[kept.id] = kept
        return file_record(self._world, kept)

    def _shared(self, message: SimMessage) -> Json:
        author = self._world.people[message.user]
        return {
            "id": 1,
            "is_msg_unfurl": True,
            "is_share": True,
            "ts": message.ts,
            "channel_id": message.channel,
            "channel_team": message.team,
            "author_id": author.id,
            "author_name": author.name,
            "text": message.text,
            "fallback": f"{author.name}: {message.text}",
            "files": message.files,
        }

    def _tab(self, tab: str) -> Json:
        channel = self._world.open_im(self.account).id
        return {
            "type": "app_home_opened",
            "user": self.id,
            "channel": channel,
            "tab": tab,
            "event_ts": self._world.clock.stamp(),
        }


def _mimetype(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def rich(text: str) -> list[Json]:
    """What a person wrote as the rich text block that Slack makes of it."""
    section = {"type": "rich_text_section", "elements": rich_elements(text)}
    return [{"type": "rich_text", "block_id": "person", "elements": [section]}] if text else []
