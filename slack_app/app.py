"""Slack's edge put together: what comes in over HTTP or Socket Mode, and nothing that goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.routing import BaseRoute

from core.errors import ConfigError
from core.events import Address
from core.linking import Acquaintance
from core.people import Standing
from core.ports import Desk
from slack_app.afterwards import Afterwards
from slack_app.calling import WebApi
from slack_app.clients import Clients
from slack_app.edge import Edge, Whispering
from slack_app.guard import Guard, Origin, Signatures
from slack_app.http import Events
from slack_app.installing.wire import Wire
from slack_app.knowing import keep_asking, know_ourselves
from slack_app.languages import Languages
from slack_app.once import Once
from slack_app.pacing import Pacing
from slack_app.people import People
from slack_app.receiving import Receiving, Whole
from slack_app.settings import SlackSettings
from slack_app.socket_mode import SocketMode
from slack_app.threads import Threads
from storage import Database

DRAIN_SECONDS = 5.0


async def _nobody_listens(*_: object) -> None:
    """The default of the hooks."""


@dataclass(frozen=True, slots=True)
class SlackParts:
    """What the edge needs. `clock` gives seconds since 1970, for signatures; `accepting` is false while draining.

    `departed` is told of a workspace that removed us, `met` of everybody who wrote or clicked or whose record changed.
    What they raise makes Slack tell it again.
    """

    settings: SlackSettings
    desk: Desk
    database: Database
    clients: Clients
    channel: Whispering
    wire: Wire
    accepting: Callable[[], bool]
    clock: Callable[[], float] = time.time
    departed: Callable[[str], Awaitable[object]] = _nobody_listens
    met: Callable[[Acquaintance], Awaitable[object]] = _nobody_listens


class SlackApp:
    """Takes in what Slack tells, from `start` to `stop`. With `http`, `routes` are where Slack posts to."""

    def __init__(self, parts: SlackParts, edge: Edge, bolt: AsyncApp) -> None:
        self._parts = parts
        self._edge = edge
        self._asking: asyncio.Task[None] | None = None
        self._events = Events(bolt, _signatures(parts), parts.accepting, parts.clock)
        self._socket = SocketMode(bolt, parts.wire, parts.settings) if parts.settings.mode == "socket" else None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Empty with Socket Mode: then nobody has to reach us."""
        return self._events.routes() if self._parts.settings.mode == "http" else ()

    async def start(self) -> None:
        """Ask Slack whether it knows us, then listen. Raises `ConfigError` for what an operator has to put right.

        The first person should not be the one who finds out that the token is no good. While it is not known whose
        it is, nothing is taken: Slack sends it again.
        """
        token = self._parts.settings.bot_token.get_secret_value()
        wire, guard = self._parts.wire, self._edge.guard
        if not token and not guard.is_open:
            raise ConfigError("LOKET_SLACK_WORKSPACES is empty: name the workspaces that are served")
        if token and not await know_ourselves(wire, token, guard):
            self._asking = asyncio.ensure_future(keep_asking(wire, token, guard))
        if self._socket is not None:
            await self._socket.start()

    async def known_as(self, address: Address) -> Acquaintance | None:
        """Whom a direct chat is with, under the identity of their messages; None where Slack does not say so now.

        Of an organisation's workspace the address alone does not tell under which: then nobody is known.
        """
        served = self._parts.settings.workspaces
        if not address.user or any(one.startswith("E") for one in served):
            return None
        who = await self._edge.people.acquaintance(Origin(address.tenant), address.user)
        return who if who.standing is not Standing.UNKNOWN else None

    async def settle(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until everything that is done after Slack's answer is done."""
        await self._edge.afterwards.finish(seconds)

    async def stop(self) -> None:
        """Take in nothing more, and finish what was answered already."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._socket is not None:
            await self._socket.stop()
        await self.settle()


def build_slack(parts: SlackParts) -> SlackApp:
    """The edge as the settings describe it; nothing runs before `start`. Raises `ConfigError`."""
    settings = parts.settings
    if settings.mode == "http" and not settings.signing_secret.get_secret_value().strip():
        raise ConfigError("LOKET_SLACK_SIGNING_SECRET is empty: nothing would prove that a request comes from Slack")
    edge = _edge(parts)
    bolt = AsyncApp(
        name="loket",
        client=parts.wire.client(),
        before_authorize=Whole(),
        authorize=_authorize,
        signing_secret=settings.signing_secret.get_secret_value(),
        request_verification_enabled=False,  # done before a body is read: Bolt's own raises on odd headers
        ignoring_self_events_enabled=False,  # done where bots are: all of them are left alone, not only ourselves
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    bolt.use(Receiving(edge, lambda: parts.accepting() and edge.guard.is_open))
    return SlackApp(parts, edge, bolt)


def _edge(parts: SlackParts) -> Edge:
    api = WebApi(parts.clients, Pacing(), parts.settings.timeout_seconds)
    guard = Guard(parts.settings.workspaces)
    return Edge(
        settings=parts.settings,
        desk=parts.desk,
        channel=parts.channel,
        api=api,
        guard=guard,
        people=People(api, guard, time.monotonic),
        languages=Languages(parts.desk, time.monotonic),
        threads=Threads(parts.database),
        afterwards=Afterwards(),
        once=Once(),
        clock=parts.clock,
        departed=parts.departed,
        met=parts.met,
    )


async def _authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Bolt wants to know with which token to speak. It never speaks here, so nothing is looked up on the way in."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


def _signatures(parts: SlackParts) -> Signatures:
    return Signatures(parts.settings.signing_secret.get_secret_value(), parts.clock)
