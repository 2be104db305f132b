"""The day's Slack: a simulated workspace with the sample staff, and the real Slack app of Loket at work in it.

Everything goes over HTTP, signed, as it would to slack.com; only the far end is ours (`simulators/slack`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr
from starlette.applications import Starlette

from connectors.tickets.embedded import ADDRESS as TICKETS
from core.events import Address, Click, Message
from core.ports import Capabilities, Decision
from core.replies import Reply
from loket.bootstrap import build
from loket.counter import Counter
from loket.desk.desk import CounterDesk
from loket.home import Home
from loket.service.listening import Listening
from loket.service.slack import SlackSide
from loket.settings import Settings
from simulators.slack.person import SimPerson
from simulators.slack.simulator import SlackSimulator
from slack_app.channel import SlackChannel
from slack_app.views.addresses import hosts_of
from storage import Database

TEAM = "TDHB"
ROOM = "CITAPPROVERS"


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply that left for Slack. `replaces`: the receipt of the post it takes the place of."""

    address: Address
    reply: Reply
    receipt: str
    replaces: str = ""


class Overheard:
    """The Slack channel itself, with everything that leaves through it noted down. Implements `Channel` and `Live`."""

    def __init__(self, channel: SlackChannel) -> None:
        self._channel = channel
        self.heard: list[Heard] = []

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return self._channel.name

    @property
    def capabilities(self) -> Capabilities:
        """See `Channel.capabilities`."""
        return self._channel.capabilities

    async def send(self, address: Address, reply: Reply, key: str, *, again: bool = False) -> str:
        """See `Channel.send`."""
        receipt = await self._channel.send(address, reply, key, again=again)
        self.heard.append(Heard(address, reply, receipt))
        return receipt

    async def update(self, address: Address, receipt: str, reply: Reply) -> None:
        """See `Channel.update`."""
        await self._channel.update(address, receipt, reply)
        self.heard.append(Heard(address, reply, receipt, replaces=receipt))

    async def direct(self, tenant: str, user: str) -> Address:
        """See `Channel.direct`."""
        return await self._channel.direct(tenant, user)

    async def begun(self, message: Message) -> None:
        """See `Live.begun`."""
        await self._channel.begun(message)

    async def sentence(self, message: Message, text: str) -> None:
        """See `Live.sentence`."""
        await self._channel.sentence(message, text)

    async def withdraw(self, message: Message) -> None:
        """See `Live.withdraw`."""
        await self._channel.withdraw(message)


class WitnessDesk(CounterDesk):
    """The desk itself, which also remembers what it answered to clicks."""

    decisions: list[Decision]

    @classmethod
    def of(cls, desk: CounterDesk) -> WitnessDesk:
        """The same desk with a memory."""
        witness = cls.__new__(cls)
        witness.__dict__.update(desk.__dict__)
        witness.decisions = []
        return witness

    async def decide(self, click: Click) -> Decision:
        """See `CounterDesk.decide`."""
        decision = await super().decide(click)
        self.decisions.append(decision)
        return decision


@dataclass
class Workspace:
    """A counter whose people talk with it in Slack."""

    counter: Counter
    slack: SlackSimulator
    side: SlackSide
    overheard: Overheard
    desk: WitnessDesk
    people: dict[str, SimPerson] = field(default_factory=dict)

    async def settle(self) -> None:
        """Wait until nothing is queued, running, due or on its way to Slack."""
        await self.side.app.settle()
        await self.counter.settle()
        await self.side.app.settle()


@asynccontextmanager
async def open_workspace(settings: Settings, people: Mapping[str, str]) -> AsyncIterator[Workspace]:
    """The counter of these settings at work in a workspace of its own. `people`: employee number to name."""
    async with SlackSimulator.start() as slack:
        database = Database(settings.database)
        chosen = settings.model_copy(update=_slack_settings(settings, slack))
        side = SlackSide(chosen, Home(chosen.home), database)
        overheard = Overheard(side.channel)
        counter = build(chosen, database=database, channels=(overheard,))
        desk = WitnessDesk.of(counter.desk)
        counter = dataclasses.replace(counter, desk=desk)
        listening = Listening(Starlette(routes=list(side.open(counter, lambda: True, overheard))), "127.0.0.1", 0)
        workspace = Workspace(counter, slack, side, overheard, desk)
        workspace.people.update(_move_in(slack, people))
        slack.deliver_to(f"{await listening.start()}/slack/events")
        await counter.start()
        await side.start()
        try:
            yield workspace
        finally:
            await side.stop()
            await counter.rest()
            await listening.stop()
            await side.close()
            await counter.close()


def _slack_settings(settings: Settings, slack: SlackSimulator) -> dict[str, object]:
    """Slack as an agency would set it; approvers work in a channel of their own."""
    ours = settings.slack.model_copy(
        update={
            "mode": "http",
            "signing_secret": SecretStr(slack.signing_secret),
            "bot_token": SecretStr(slack.bot_token(TEAM)),
            "workspaces": frozenset({TEAM}),
            "rooms": {"it-approvers": ROOM},
            "link_hosts": hosts_of([TICKETS]),
            "api_url": slack.api_url,
            "authorize_url": slack.authorize_url,
        }
    )
    gate = settings.gate.model_copy(update={"approvers_channel": "slack", "approvers_tenant": TEAM})
    return {"slack": ours, "gate": gate}


def _move_in(slack: SlackSimulator, people: Mapping[str, str]) -> Iterable[tuple[str, SimPerson]]:
    """The staff, and the room of the IT approvers, which anybody may look into."""
    there = {who: slack.add_person(f"U{who}", name=name, team=TEAM) for who, name in people.items()}
    slack.add_channel(ROOM, members=there.values(), team=TEAM, name="it-approvers")
    return there.items()
