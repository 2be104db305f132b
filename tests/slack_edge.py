"""Slack's edge before a simulated Slack: a desk that only writes down what it is given, and everything else real."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from pydantic import SecretStr
from starlette.applications import Starlette

from connectors.notify.embedded import read_notes
from connectors.settings import OutsideSettings
from core.errors import ConnectorError
from core.events import Click, Message, Stop
from core.feedback import Feedback
from core.fields import Filled, Filling, Form, FormWanted
from core.front_page import FrontPage
from core.linking import Acquaintance
from core.people import ChannelIdentity, Standing
from core.ports import Decision
from core.replies import Card, Suggestion
from loket.bootstrap import build
from loket.counter import Counter
from loket.engine import Engine
from loket.service.listening import Listening
from loket.settings import Settings
from simulators.slack import SimMessage, SlackSimulator
from slack_app.app import SlackApp, SlackParts, build_slack
from slack_app.channel import SlackChannel
from slack_app.installing.wire import Wire
from slack_app.one_workspace import OneWorkspace
from slack_app.settings import SlackSettings
from slack_app.tables import slack_streams, slack_threads
from storage import Database, metadata
from tests.handbooks import embedder, prepare

TEAM = "TDHB"
ROOT = "1700000000.000001"
"""A message that stands in the room, with a card below it."""
APPROVED = Decision(True, "Approved. It is being carried out.", "approved")
ACTION = "0d9f4c3e-0000-5000-8000-000000000001"


@dataclass
class NotingDesk:
    """Implements `core.ports.Desk` by keeping what it is given, once for each event id, as the real one does.

    `down`: the database behind it is away. `slow`: seconds that a decision takes.
    """

    messages: dict[str, Message] = field(default_factory=dict)
    received: int = 0
    clicks: list[Click] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    opinions: list[Feedback] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    decision: Decision = APPROVED
    down: bool = False
    slow: asyncio.Event | None = None
    pages: int = 0
    forms: dict[str, Form] = field(default_factory=dict)
    wanted: list[FormWanted] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    filling: Filling = field(default_factory=lambda: Filling(True))

    @property
    def texts(self) -> list[str]:
        """What people wrote, in order."""
        return [message.text for message in self.messages.values()]

    @property
    def last(self) -> Message:
        """The newest message."""
        return list(self.messages.values())[-1]

    async def receive(self, message: Message) -> None:
        await asyncio.sleep(0)
        if self.down:
            raise ConnectorError("database", "away")
        self.received += 1
        self.messages.setdefault(message.event_id, message)

    async def decide(self, click: Click) -> Decision:
        self.clicks.append(click)
        if self.down:
            raise ConnectorError("database", "away")
        if self.slow is not None:
            await self.slow.wait()
        return self.decision if click.standing is Standing.MEMBER else Decision(False, "I do not know you.", "")

    async def feedback(self, given: Feedback) -> str:
        self.opinions.append(given)
        return "Thank you." if given.good else "Thank you, I pass it on."

    async def stop(self, stop: Stop) -> bool:
        if self.down:
            raise ConnectorError("database", "away")
        self.stops.append(stop)
        return True

    async def front_page(self, identity: ChannelIdentity, standing: Standing = Standing.MEMBER) -> FrontPage:
        self.pages += 1
        if standing is not Standing.MEMBER:
            return FrontPage("en", known=False, name="", notice="Turn to your own organisation.")
        prompts = (Suggestion("My leave", "How many days of leave do I get?"),)
        return FrontPage("nl", known=True, name="Sanne", notice="This is an AI.", suggestions=prompts)

    async def card(
        self, identity: ChannelIdentity, action_id: str, standing: Standing = Standing.MEMBER
    ) -> Card | None:
        return self.cards.get(action_id) if standing is Standing.MEMBER else None

    async def form(self, wanted: FormWanted) -> Form | None:
        self.wanted.append(wanted)
        if self.down:
            raise ConnectorError("database", "away")
        return self.forms.get(wanted.replaces or wanted.tool) if wanted.standing is Standing.MEMBER else None

    async def fill(self, filled: Filled) -> Filling:
        self.filled.append(filled)
        if self.down:
            raise ConnectorError("database", "away")
        if self.slow is not None:
            await self.slow.wait()
        return self.filling


@dataclass
class State:
    """`accepting` false: the process drains. `offset` moves the edge's clock, in seconds."""

    accepting: bool = True
    offset: float = 0.0


@dataclass
class Edge:
    """A running edge."""

    slack: SlackSimulator
    desk: NotingDesk
    app: SlackApp
    channel: SlackChannel
    database: Database
    url: str
    state: State
    departed: list[str]
    met: list[Acquaintance]

    async def settle(self) -> None:
        """Wait until all that is done after the acknowledgement is done."""
        await self.app.settle()
        await self.channel.settle()

    async def post(
        self, body: dict[str, Any] | bytes, *, at: float | None = None, headers: dict[str, str] | None = None
    ) -> int:
        """A signed event; the status of the answer. `at`: when it was signed, seconds since 1970."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        status, _ = await self.slack.send_raw(
            content, {**kind, **self.slack.signed(content, at), **(headers or {})}, self.url
        )
        return status

    async def press(self, payload: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A signed interaction: status and answer."""
        content = urlencode({"payload": json.dumps(payload)}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer = await self.slack.send_raw(content, {**kind, **self.slack.signed(content)}, self.url)
        return status, json.loads(answer) if answer else {}

    def threads(self) -> list[tuple[str, str]]:
        """Who talks with the desk in which thread."""
        with self.database.reading() as tx:
            return [(row.user, row.thread) for row in tx.execute(sa.select(slack_threads))]

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The arguments of the calls of one method of the Web API."""
        return [call.args for call in self.slack.calls if call.method == method]


def message(text: str, user: str = "UE1002", room: str = "", **event: Any) -> dict[str, Any]:
    """A `message` event as Slack posts it, in the direct chat of its author or in a `room`."""
    where = {"channel": room, "channel_type": "channel"} if room else {"channel": f"D{user}", "channel_type": "im"}
    stamp = f"{time.time():.6f}"
    return wrapped({"type": "message", "user": user, "text": text, "ts": stamp, **where, **event})


def wrapped(event: dict[str, Any], **body: Any) -> dict[str, Any]:
    """An event in its envelope."""
    ours = {"team_id": TEAM, "user_id": "UBOT", "is_bot": True, "enterprise_id": None}
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": f"Ev{time.time_ns()}",
        "authorizations": [ours],
        "event": event,
        **body,
    }


def click(
    action_id: str, value: str, user: str = "UE1003", room: str = "C0GENERAL", home: str = TEAM, **more: Any
) -> dict[str, Any]:
    """A `block_actions` payload as Slack posts it."""
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": home},
        "team": {"id": TEAM},
        "channel": {"id": room},
        "container": {"type": "message", "channel_id": room, "message_ts": "1700000000.000100"},
        "message": {"ts": "1700000000.000100", "thread_ts": ROOT},
        "trigger_id": f"{time.time_ns()}.1.x",
        "actions": [{"type": "button", "action_id": action_id, "value": value, "action_ts": f"{time.time():.6f}"}],
        **more,
    }


@asynccontextmanager
async def edge(folder: Path, mode: str = "http", start: bool = True, **changes: Any) -> AsyncIterator[Edge]:
    """The edge with a desk that notes, Slack before it, and two people and a room in Slack."""
    async with SlackSimulator.start(echo=False) as slack:
        people = [slack.add_person("UE1002", name="Sanne de Wit"), slack.add_person("UE1003", name="Tom Bakker")]
        slack.add_channel("C0GENERAL", people)
        root = SimMessage("C0GENERAL", ROOT, "UE1002", TEAM, "My password does not work.")
        slack.world.rooms["C0GENERAL"].messages[ROOT] = root
        database = Database(f"sqlite:///{folder / 'edge.sqlite'}")
        metadata.create_all(database.engine, tables=[slack_threads, slack_streams])
        desk = NotingDesk()
        async with _served(slack, _settings(slack, mode, **changes), database, desk, start=start) as made:
            yield made


@dataclass
class AtWork:
    """The whole counter behind Slack."""

    slack: SlackSimulator
    counter: Counter
    edge: Edge

    async def settle(self) -> None:
        """Wait until nothing is queued, running or due, here or on the way to Slack."""
        for _ in range(3):
            await asyncio.wait_for(self.counter.settle(), 60)
            await self.edge.settle()

    def code(self) -> str:
        """The newest code that arrived on a phone."""
        texts = [note.text.get_secret_value() for note in read_notes(self.counter.world.notes)]
        return [found for text in texts for found in re.findall(r"\b\d{6}\b", text)][-1]

    async def state(self, action_id: str) -> str:
        """The state of an action in the ledger."""
        action = await self.counter.gate.show(action_id)
        return action.state.value if action else ""


@asynccontextmanager
async def at_work(folder: Path, engine: Engine | None = None) -> AsyncIterator[AtWork]:
    """The counter itself behind Slack: an employee, an approver, the approvers' channel. `engine`: another queue."""
    async with SlackSimulator.start() as slack:
        people = [slack.add_person("UE1002", name="Tom Bakker"), slack.add_person("UE1003", name="Priya Raman")]
        slack.add_channel("C0APPROVERS", people)
        await prepare(folder, (), "")
        gate = {"approvers_channel": "slack", "approvers_tenant": TEAM}
        chosen = Settings(home=folder, database_url="", gate=gate, _env_file=None)  # type: ignore[arg-type,call-arg]
        database = Database(chosen.database)
        settings = _settings(slack, "http", rooms={"it-approvers": "C0APPROVERS"})
        wire = Wire(settings, OutsideSettings())
        channel = SlackChannel(settings, OneWorkspace(settings, wire), database)
        counter = build(chosen, database=database, embedder=embedder(), engine=engine, channels=[channel])
        counter.sweep.seconds = 3600
        for user in ("UE1002", "UE1003"):
            counter.world.map_identity(ChannelIdentity("slack", TEAM, user), user.removeprefix("U"))
        await counter.start()
        try:
            async with _served(slack, settings, database, counter.desk, channel=channel) as made:
                yield AtWork(slack, counter, made)
        finally:
            await counter.stop()
            await channel.close()
            await wire.close()


def _settings(slack: SlackSimulator, mode: str, **changes: Any) -> SlackSettings:
    return SlackSettings(
        mode=mode,  # type: ignore[arg-type]
        signing_secret=SecretStr(slack.signing_secret),
        bot_token=SecretStr(slack.bot_token()),
        app_token=SecretStr(slack.app_token),
        api_url=slack.api_url,
        authorize_url=slack.authorize_url,
        **changes,
    )


@asynccontextmanager
async def _served(
    slack: SlackSimulator,
    settings: SlackSettings,
    database: Database,
    desk: Any,
    *,
    channel: SlackChannel | None = None,
    start: bool = True,
) -> AsyncIterator[Edge]:
    wire = Wire(settings, OutsideSettings())
    clients = OneWorkspace(settings, wire)
    channel = channel or SlackChannel(settings, clients, database)
    state, departed, met = State(), list[str](), list[Acquaintance]()

    async def left(tenant: str) -> None:
        departed.append(tenant)

    async def person(who: Acquaintance) -> None:
        met.append(who)

    parts = SlackParts(
        settings,
        desk,
        database,
        clients,
        channel,
        wire,
        accepting=lambda: state.accepting,
        clock=lambda: time.time() + state.offset,
        departed=left,
        met=person,
    )
    app = build_slack(parts)
    listening = Listening(Starlette(routes=list(app.routes)), "127.0.0.1", 0)
    url = f"{await listening.start()}/slack/events"
    if settings.mode == "http":
        slack.deliver_to(url)
    try:
        if start:
            await app.start()
        yield Edge(slack, desk, app, channel, database, url, state, departed, met)
    finally:
        await app.stop()
        await listening.stop()
        await channel.close()
        await wire.close()


def written_in(folder: Path) -> str:
    """All log files of a folder, one after the other."""
    return "".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("log*")))
