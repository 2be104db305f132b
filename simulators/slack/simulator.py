"""A whole Slack in one object: started on a free port, with people who write and press, and an app that answers."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import web

from simulators.slack import events
from simulators.slack.api import apps
from simulators.slack.api.door import Door, Handler
from simulators.slack.api.oauth import Installing
from simulators.slack.api.table import METHODS
from simulators.slack.clock import Clock
from simulators.slack.credentials import Credentials
from simulators.slack.delivery import Courier
from simulators.slack.drawing import draw_message, draw_view
from simulators.slack.faults import Faults
from simulators.slack.interactions import Interactions
from simulators.slack.manifest import Manifest
from simulators.slack.message import SimMessage
from simulators.slack.news import News
from simulators.slack.pacing import Pacing
from simulators.slack.person import SimPerson
from simulators.slack.records import Account, Call, Delivery, Room, Session, View
from simulators.slack.responses import Responses
from simulators.slack.socket_mode import SocketMode
from simulators.slack.transcript import transcript
from simulators.slack.world import World

Json = dict[str, Any]


class SlackSimulator(Credentials):
    """Slack, as far as a service desk app meets it. Start it with `async with SlackSimulator.start() as slack:`."""

    def __init__(self, manifest: Json | None, echo: bool) -> None:
        self.world = World(Manifest.read(manifest))
        self.pacing = Pacing(self.world.clock)
        self.faults = Faults(self._set_stream_seconds)
        self.socket = SocketMode(self.world)
        self.courier = Courier(self.world, self.socket)
        self.responses = Responses(self.world)
        self.interactions = Interactions(self.world, self.courier, self.responses)
        self.installing = Installing(self.world)
        self.people: dict[str, SimPerson] = {}
        self.news = News(self.world, self.courier)
        self._runner: web.AppRunner | None = None
        self.world.leave = lambda team: self.news.background(self.news.removed(team))
        if echo:
            self.world.hear = self.news.echo

    @classmethod
    @asynccontextmanager
    async def start(cls, manifest: Json | None = None, *, echo: bool = True) -> AsyncIterator[SlackSimulator]:
        """Slack on 127.0.0.1, with one workspace `TDHB`.

        `manifest` is what the app was made with (None: everything that we use). `echo`: what the app writes comes back
        to it as an event, as in Slack; such deliveries are kept apart, in `echoes`.
        """
        slack = cls(manifest, echo)
        slack.world.add_workspace("TDHB")
        await slack._listen()
        try:
            yield slack
        finally:
            await slack._close()

    async def _listen(self) -> None:
        methods: dict[str, Handler] = {**METHODS, "apps.connections.open": self.socket.open}
        methods["oauth.v2.access"] = self.installing.access
        application = web.Application(client_max_size=4 * 1024 * 1024)
        door = Door(self.world, self.pacing, self.faults, methods)
        application.router.add_route("*", "/api/{method}", door.serve)
        application.router.add_get("/link", self.socket.serve)
        application.router.add_get("/oauth/v2/authorize", self.installing.page)
        application.router.add_post("/actions/{team}/{name}", self.responses.serve)
        application.router.add_get("/files-pri/{file}/{name:.*}", partial(apps.download, self.world))
        application.router.add_get("/", apps.sign_in_page)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.world.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def _close(self) -> None:
        await self.news.close()
        await self.socket.drop()
        await self.courier.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def clock(self) -> Clock:
        """Time, which a test may move: `slack.clock.advance(60)`."""
        return self.world.clock

    # --- what there is ----------------------------------------------------------------------------------------------

    def add_workspace(self, team: str, enterprise: str = "", *, installed: bool = True) -> None:
        """A workspace, with the app in it; `enterprise` is its organisation (Enterprise Grid).

        With `installed=False` the app comes in by OAuth: set `slack.installing.into` and follow `authorize_url`. A
        workspace that is there already (`TDHB`) gets the organisation.
        """
        if team not in self.world.workspaces:
            self.world.add_workspace(team, enterprise)
        self.world.workspaces[team].enterprise = enterprise
        self.world.workspaces[team].installed = installed

    def add_person(self, user: str, *, name: str = "", team: str = "TDHB", **about: Any) -> SimPerson:
        """Somebody. `about`: email, guest, stranger_of (their own workspace), bot, deactivated, language."""
        enterprise = self.world.workspaces[team].enterprise
        about.setdefault("email", f"{(name or user).lower().replace(' ', '.')}@example.nl")
        account = Account(user, team, name or user, enterprise=enterprise, **about)
        self.world.people[user] = account
        person = self.people[user] = SimPerson(self, account)
        return person

    def add_channel(
        self,
        channel: str,
        members: Iterable[SimPerson | str] = (),
        *,
        shared_with: str = "",
        private: bool = False,
        team: str = "TDHB",
        bot: bool = True,
        name: str = "",
    ) -> None:
        """A channel. `shared_with` another organisation (Slack Connect); `bot`: the app is a member."""
        ids = {member if isinstance(member, str) else member.id for member in members}
        if bot:
            ids.add(self.bot_user(team))
        kind = "group" if private else "channel"
        self.world.rooms[channel] = Room(channel, team, kind, name or channel.lower(), ids, shared_with)

    def add_group_chat(self, room: str, members: Iterable[SimPerson], *, team: str = "TDHB") -> None:
        """A direct message of several people and the app."""
        ids = {*(member.id for member in members), self.bot_user(team)}
        self.world.rooms[room] = Room(room, team, "mpim", "mpdm-" + "--".join(sorted(ids)), ids)

    def deliver_to(self, url: str, interactivity_url: str | None = None) -> None:
        """Events and interactions go to these addresses from now on, by signed POST."""
        self.courier.url, self.courier.interactivity_url = url, interactivity_url or url

    # --- what happened ----------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every call to the Web API, in order."""
        return self.world.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Every event and interaction of people, in order."""
        return self.world.deliveries

    @property
    def unacknowledged(self) -> list[Delivery]:
        """What people did that the app did not take in: they saw an error, or nothing at all."""
        return [delivery for delivery in self.deliveries if delivery.tries and not delivery.acknowledged]

    @property
    def echoes(self) -> list[Delivery]:
        """The events of what the app itself wrote."""
        return self.world.echoes

    def messages(self, channel: str, thread_ts: str | None = None) -> list[SimMessage]:
        """The messages that stand in a channel, or in one thread (its root too), in order of time."""
        room = self.world.rooms.get(channel)
        found = list(room.messages.values()) if room else []
        if thread_ts is not None:
            found = [message for message in found if thread_ts in (message.ts, message.thread_ts)]
        return sorted(found, key=lambda message: message.ts)

    def session(self, channel: str, thread_ts: str) -> Session | None:
        """The agent session of a thread: its status, title, and the line below it."""
        return self.world.sessions.get((channel, thread_ts))

    def transcript(self, channels: Iterable[str] | None = None) -> str:
        """What stands on the screen in some channels, or in all: who wrote what, and [what can be pressed]."""
        return transcript(self.world, channels)

    def drawn(self, what: SimMessage | View) -> str:
        """One message, form or App Home as a reader sees it."""
        names = {person.id: person.name for person in self.world.people.values()}
        lines = draw_view(what, names) if isinstance(what, View) else draw_message(what, names)
        return "\n".join(lines)

    # --- what Slack does ---------------------------------------------------------------------------------------------

    async def send_event(self, team: str, event: Json, room: Room | None = None) -> Delivery | None:
        """Bring an event to the app, with Slack's retries; None when the app may not hear of it."""
        return await self.news.send(team, event, room)

    async def send_raw(self, body: bytes, headers: dict[str, str], url: str | None = None) -> tuple[int, bytes]:
        """Post any bytes with any headers to the app: the status and body of its answer."""
        status, _, answer = await self.courier.post_raw(url or self.courier.url, body, headers)
        return status, answer

    async def verify_url(self) -> bool:
        """Whether the app answers Slack's challenge, as it must before Slack delivers anything to an address."""
        challenge = secrets.token_hex(12)
        body = json.dumps({"token": "unused", "challenge": challenge, "type": "url_verification"}).encode()
        status, answer = await self.send_raw(body, {"Content-Type": "application/json", **self.signed(body)})
        return status == 200 and challenge in answer.decode()

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The signature headers of a body; `at` in seconds since 1970, for old ones."""
        return self.courier.sign(body, at)

    async def unfurl(self, message: SimMessage) -> Delivery | None:
        """Slack adds the preview of a link to somebody's message: a change that nobody made."""
        room, before = self.world.rooms[message.channel], message.as_api()
        message.attachments = [{"id": 1, "from_url": link, "fallback": link} for link in message.links]
        changed = events.changed_event(message, before, room, self.clock.stamp())
        return await self.send_event(room.team, changed, room)

    async def uninstall(self, team: str = "TDHB") -> Delivery | None:
        """An admin removes the app from a workspace or an organisation: its tokens are void, and it hears of it."""
        return await self.news.removed(team)

    async def revoke_tokens(self, team: str = "TDHB") -> Delivery | None:
        """The workspace takes back the app's tokens."""
        return await self.news.revoked(team)

    async def change_person(self, user: str, **changes: Any) -> Delivery | None:
        """Something about somebody changes (`guest=True`, `deactivated=True` …), and the app hears of it."""
        account = self.world.people[user]
        for name, value in changes.items():
            setattr(account, name, value)
        event = {"type": "user_change", "user": events.user_record(account), "event_ts": self.clock.stamp()}
        return await self.send_event(account.team, event)

    def _set_stream_seconds(self, seconds: float) -> None:
        self.world.stream_seconds = seconds
