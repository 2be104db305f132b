"""The Slack channel before a simulated Slack: one workspace, one employee, and a database that outlives channels."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agent.tables import turns
from core.events import Address, Message, Place
from core.outcomes import Outcome
from core.people import ChannelIdentity
from core.replies import Reply
from simulators.slack.message import SimMessage
from simulators.slack.person import SimPerson
from simulators.slack.simulator import SlackSimulator
from slack_app.channel import SlackChannel
from slack_app.growing import Rhythm
from slack_app.pacing import Pacing
from slack_app.settings import SlackSettings
from slack_app.tables import slack_streams
from storage import Database, metadata, now

TEAM = "TDHB"
ROOM = "C0HELP"
APPROVERS = "C0APPROVERS"
AT_ONCE = Rhythm(after=0.0, buffer_seconds=0.0)
_NUMBERS = itertools.count(1)


class HandMovedClock:
    """Seconds that pass only when somebody sleeps, here and in the simulated Slack."""

    def __init__(self, slack: SlackSimulator) -> None:
        self._slack = slack
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        self._slack.clock.advance(seconds)


@dataclass
class PostsRoom:
    """All that a test of the channel needs. `channel` is the first one; `another` is a process that starts later."""

    slack: SlackSimulator
    database: Database
    session: aiohttp.ClientSession
    anna: SimPerson
    settings: SlackSettings
    made: list[SlackChannel] = field(default_factory=list)

    async def of(self, tenant: str) -> AsyncWebClient:
        """See `slack_app.clients.Clients`."""
        token = self.slack.bot_token(tenant)
        return AsyncWebClient(token=token, base_url=self.slack.api_url, session=self.session, retry_handlers=[])

    def another(self, rhythm: Rhythm = AT_ONCE, pacing: Pacing | None = None, timeout: float = 2.0) -> SlackChannel:
        """A channel of a new process, on the same database. `timeout` of one call in seconds."""
        settings = self.settings.model_copy(update={"timeout_seconds": timeout})
        pacing = pacing or Pacing(sleep=_at_once)
        channel = SlackChannel(settings, self, self.database, pacing=pacing, rhythm=rhythm)
        self.made.append(channel)
        return channel

    async def asked(self, text: str = "Hoeveel verlof heb ik?", *, shared: bool = False) -> Message:
        """Something Anna wrote, in her direct chat or in a channel, as the desk gets it."""
        place = Place.SHARED if shared else Place.DIRECT
        written = await (self.anna.post(ROOM, text) if shared else self.anna.dm(text))
        thread = written.ts if shared else None
        address = Address("slack", TEAM, written.channel, place, thread, self.anna.id, "" if shared else written.ts)
        event_id = f"slack:{TEAM}:Ev{next(_NUMBERS)}"
        return Message(event_id, ChannelIdentity("slack", TEAM, self.anna.id), address, text, datetime.now(UTC))

    def commit(self, message: Message) -> None:
        """The turn of a message is committed: its reply may leave from now on."""
        with self.database.transaction() as tx:
            values: dict[str, Any] = {"conversation_id": "c", "employee_id": "e", "channel": "slack", "language": "nl"}
            values |= {"outcome": "answered", "model": "", "ms": 1, "tokens": 0, "at": now(tx)}
            tx.add(turns, event_id=message.event_id, **values)

    def posts(self, address: Address) -> list[SimMessage]:
        """What we posted there and that stands, in order; in the thread of the address, if it has one."""
        thread = address.thread or address.anchor or None
        return [post for post in self.slack.messages(address.room, thread) if post.by_app]

    def texts(self, address: Address) -> list[str]:
        """What these posts show."""
        return [text_of(post) for post in self.posts(address)]

    def called(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every call of a method, whatever came of it."""
        return [call.args for call in self.slack.calls if call.method == method]

    def rows(self) -> list[str]:
        """The ts column of all growing answers."""
        with self.database.reading() as tx:
            return [row.ts for row in tx.execute(slack_streams.select())]


async def _at_once(_seconds: float) -> None:
    """No test waits for a second to pass."""


def text_of(post: SimMessage) -> str:
    """What is read in a post: its Markdown blocks, or the text of one that is being written."""
    shown = [str(block["text"]) for block in post.blocks if block["type"] == "markdown"]
    return "\n".join(shown) if post.blocks else post.text


def answer(text: str, outcome: Outcome = Outcome.CLARIFIED) -> Reply:
    """The reply that ends a turn."""
    return Reply(text, "nl", outcome)


def key_of(message: Message, number: int = 0) -> str:
    """The key under which the outbox keeps a reply of a turn."""
    return f"turn:{message.event_id}:{number}"


@pytest.fixture
def slack_database(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite file with all tables."""
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    metadata.create_all(database.engine)
    yield database
    database.close()


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[PostsRoom]:
    """The room, with limits of speed switched off."""
    async with SlackSimulator.start() as slack, aiohttp.ClientSession() as session:
        slack.pacing.on = False
        anna = slack.add_person("UANNA", name="Anna de Wit")
        slack.add_channel(ROOM, [anna])
        slack.add_channel(APPROVERS)
        settings = SlackSettings(rooms={"it-approvers": APPROVERS})
        room = PostsRoom(slack, database, session, anna, settings)
        yield room
        for channel in room.made:
            await channel.close()


@pytest.fixture
async def room(slack_database: Database) -> AsyncIterator[PostsRoom]:
    """See `PostsRoom`."""
    async with opened(slack_database) as found:
        yield found
