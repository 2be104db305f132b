"""How the desk speaks to Slack: posts, changed posts, direct chats, private notices, and answers that grow."""

from __future__ import annotations

import dataclasses
import re
import time
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from core.errors import ConnectorError
from core.events import Address, Message, Place
from core.ports import Capabilities
from core.replies import Card, Link, Reply
from slack_app.afterwards import Afterwards
from slack_app.calling import Features, SlackFailed, SlackGone, SlackLimited, SlackUnsure, WebApi
from slack_app.clients import Clients
from slack_app.growing import Rhythm
from slack_app.pacing import Pacing
from slack_app.posts import Posts, Receipt, Spot
from slack_app.replacing import replace_reply
from slack_app.sessions import Sessions
from slack_app.settings import SlackSettings
from slack_app.streaming import Streams
from slack_app.views.message import SlackMessage, drawn
from slack_app.views.safe_text import safe_markdown
from storage import Database

NAME = "slack"
SEND_SECONDS = 25.0
"""Delivery gives a post 30: with our own end before it, it learns why."""
TIDY_SECONDS = 60.0
CHATS = 20_000
_ID = re.compile(r"[CDG][A-Z0-9]{2,29}")
_NO_THREAD = frozenset({"invalid_thread_ts", "thread_not_found", "cannot_reply_to_message"})
log = structlog.get_logger("loket.slack")


class SlackChannel:
    """Implements `core.ports.Channel`, `Attentive` and `Live` for all workspaces that `clients` knows.

    `link_hosts` are the hosts that a text may link to, besides those its citations bring along.
    """

    def __init__(
        self,
        settings: SlackSettings,
        clients: Clients,
        database: Database,
        *,
        link_hosts: frozenset[str] = frozenset(),
        pacing: Pacing | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._settings = settings
        self._link_hosts = settings.link_hosts | link_hosts
        self._afterwards = Afterwards()
        self._web = WebApi(clients, pacing or Pacing(), settings.timeout_seconds)
        self._posts = Posts(self._web)
        features = Features(self._web.pacing)
        self._sessions = Sessions(self._web, features, database, self._afterwards)
        rhythm = rhythm or Rhythm(after=settings.stream_after_seconds)
        self._streams = Streams(self._web, self._posts, database, features, rhythm)
        self._chats: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._tidied = time.monotonic()

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`. A reply that is longer than one message becomes several."""
        return Capabilities(updates=True, private_notices=True, modals=True, streaming=True, max_chars=100_000)

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel.send`. The receipt is `channel:ts`, with the ts of further messages behind commas.

        The reply to an event whose answer was growing takes the place of what was shown. Raises `ConnectorError` where
        nothing was posted, or nobody knows whether it was.
        """
        until = self._web.until(SEND_SECONDS)
        spot, event_id = self._spot(address), event_of(key)
        messages = drawn(reply, event_id=event_id, link_hosts=self._link_hosts)
        there = await self._posts.find(spot, key, until=until) if again else {}
        ends = bool(event_id) and _ends_a_turn(reply)
        growing = await self._streams.take_over(event_id, spot, reply.language, until=until) if ends else None
        if growing is not None:
            there = await self._in_place_of(spot, growing, messages[0], key, there, until)
        receipt = await self._put(spot, messages, key, there, until)
        if growing is not None:
            await self._streams.finished(event_id)
        if ends or not event_id:  # what comes before the answer leaves the desk thinking
            self._sessions.answered(reply, spot, address.place)
        self._look_after_streams()
        return str(receipt)

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`. A post that can no longer be changed is followed by a new one that says so."""
        until = self._web.until(SEND_SECONDS)
        spot, earlier = self._spot(address), Receipt.read(receipt)
        there = dataclasses.replace(spot, room=earlier.room)
        await replace_reply(self._posts, there, earlier, reply, self._link_hosts, until=until)
        self._sessions.answered(reply, spot, address.place)

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`. Raises `ConnectorError` for somebody who cannot be written to."""
        room = self._chats.get((tenant, user))
        if room is None:
            answer = await self._web.call(
                tenant,
                "conversations.open",
                lambda client: client.conversations_open(users=user),
                until=self._web.until(SEND_SECONDS),
            )
            room = self._chats[tenant, user] = str(answer["channel"]["id"])
            if len(self._chats) > CHATS:
                self._chats.popitem(last=False)
        return Address(NAME, tenant, room, Place.DIRECT, user=user)

    async def whisper(
        self, tenant: str, channel: str, user: str, text: str, thread: str = "", links: Sequence[Link] = ()
    ) -> None:
        """Say something in a channel that only one person sees, or in their direct chat where that cannot be.

        `text` is Markdown of ours; `links` become buttons below it. Slack does not keep it: never the only copy of
        anything. Raises `ConnectorError`.
        """
        until = self._web.until(SEND_SECONDS)
        pages = Card("", "", "", links=tuple(links)) if links else None
        message = drawn(Reply(text, "", card=pages), link_hosts=self._link_hosts)[0]
        try:
            await self._posts.whisper(Spot(tenant, channel, thread), user, message, until=until)
        except (SlackLimited, SlackUnsure):
            raise  # it may stand there already, or will work in a moment
        except SlackFailed:
            address = await self.direct(tenant, user)
            await self._posts.put(Spot(tenant, address.room), [message], "whisper", {}, until=until)

    async def taken(self, message: Message, busy: str = "") -> None:
        """See `Attentive.taken`: the status that a question has while it is worked on. Returns at once."""
        spot = self._spot(message.address)
        if spot.thread:
            self._sessions.thinks(message, spot, busy)

    async def begun(self, message: Message) -> None:
        """See `Live.begun`. Returns at once; Slack is told beside it."""
        spot = self._spot(message.address)
        if spot.thread:
            self._streams.begun(message, spot)
            self._sessions.thinks(message, spot)
        self._look_after_streams()

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`. Shown when the answer is slow, and only where it can be changed into the reply."""
        spot = self._spot(message.address)
        if spot.thread:
            self._streams.add(message, spot, safe_markdown(text, self._link_hosts))

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        self._streams.withdraw(message.event_id)

    async def tidy(self) -> int:
        """Take away growing answers that nobody will finish; says how many. Done by itself once a minute of traffic."""
        return await self._streams.tidy()

    async def close(self, seconds: float = 5.0) -> None:
        """Show nothing more, and let what is on its way end. Growing answers stay for the next process."""
        await self._streams.close()
        await self._afterwards.finish(seconds)

    async def settle(self, seconds: float = 5.0) -> None:
        """Wait until all that happens beside the posts is told."""
        await self._afterwards.finish(seconds)

    async def _in_place_of(
        self, spot: Spot, growing: str, message: SlackMessage, key: str, there: dict[int, str], until: float
    ) -> dict[int, str]:
        """The growing answer's post shows the first message of the reply; where it cannot, it goes."""
        if there.get(0, growing) == growing:
            try:
                await self._posts.change(spot, growing, message, key, until=until)
                return {**there, 0: growing}
            except SlackGone:
                there = {number: ts for number, ts in there.items() if number}
        await self._posts.remove(spot, growing, until=until)
        return there

    async def _put(
        self, spot: Spot, messages: tuple[SlackMessage, ...], key: str, there: dict[int, str], until: float
    ) -> Receipt:
        try:
            return await self._posts.put(spot, messages, key, there, until=until)
        except SlackFailed as error:
            if not spot.thread or error.code not in _NO_THREAD:
                raise
            # What it would hang under was deleted: the same people read the room itself.
            return await self._posts.put(dataclasses.replace(spot, thread=""), messages, key, there, until=until)

    def _spot(self, address: Address) -> Spot:
        """Where that is in Slack. A group of approvers works in the channel that the settings name for it."""
        room = self._settings.rooms.get(address.room, address.room)
        if not _ID.fullmatch(room):
            raise ConnectorError("slack", f"no channel is set for {address.room!r}: see LOKET_SLACK_ROOMS")
        return Spot(address.tenant, room, address.thread or address.anchor)

    def _look_after_streams(self) -> None:
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._afterwards.do("tidy", self._streams.tidy())


def event_of(key: str) -> str:
    """The event that a reply answers, from its key `turn:{event id}:{number}`; empty for other keys."""
    return key.removeprefix("turn:").rpartition(":")[0] if key.startswith("turn:") else ""


def _ends_a_turn(reply: Reply) -> bool:
    """Not so the notice of first contact, which comes before the answer: that stays where it grew."""
    return reply.outcome is not None or bool(reply.citations or reply.card or reply.model)
