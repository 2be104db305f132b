"""What one process of the service is made of, by its role: its database, queue, channels, pages and watches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from core.ports import Channel
from loket import migrate
from loket.added_tools import drift_watch_of, tells_of_drift
from loket.attachments.bringing import BroughtFiles
from loket.bootstrap import build
from loket.counter import OUTBOX, Counter
from loket.engine import Engine
from loket.engine.dbos_postgres import PostgresEngine
from loket.engine.dbos_sqlite import SqliteEngine
from loket.home import Home
from loket.outside.powers import PowersWatch
from loket.outside.tickets import ticket_watch
from loket.service.bus import Heard, PostgresBus
from loket.service.heartbeat import Heartbeat
from loket.service.least_privilege import refuse_foreign_secrets
from loket.service.listening import Listening
from loket.service.live_bus import TOPIC as LIVE
from loket.service.live_bus import LiveReceiver
from loket.service.pages import Pages, pages_of
from loket.service.roles import DUTIES, Duties, Role
from loket.service.upkeep import Upkeep
from loket.settings import Settings
from loket.telemetry.metrics import build_metrics
from loket.terminal.channel import TerminalChannel
from loket.vectors.drafts import ahead_of
from storage import Database
from web_app.app import WebParts, build_app, build_ops_app
from web_app.feed import Feed
from web_app.health import OpsParts
from web_app.keys import read_keys
from web_app.posts import PostsChannel

if TYPE_CHECKING:
    from loket.service.slack import SlackSide

WORK = "work"
"""The news that there is something in a queue; its name is the text."""
POOL = 12
"""Connections of one process, besides four of DBOS and two of the bus (docs/operate.md counts them)."""


class Life(Protocol):
    """What the parts ask of the process they are in."""

    @property
    def is_ready(self) -> bool:
        """Whether it has taken work up."""

    @property
    def is_stopping(self) -> bool:
        """Whether it takes nothing more up."""

    def stop(self) -> None:
        """Begin to drain."""


class Beside(Protocol):
    """What runs beside the work, from the start to the end."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End what is under way, and do no more."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one process is made of."""

    counter: Counter
    heartbeat: Heartbeat | None
    bus: PostgresBus | None
    listening: Listening
    pages: Pages
    powers: PowersWatch
    slack: SlackSide | None
    beside: Sequence[Beside]


async def assembled(settings: Settings, role: Role, life: Life) -> Parts:
    """Build what this role needs and no more; nothing runs yet. Raises `ConfigError` for what it may not hold."""
    return await _Assembly(settings, role, life).parts()


class _Assembly:
    """One process being put together."""

    def __init__(self, settings: Settings, role: Role, life: Life) -> None:
        self._settings = settings
        self._role = role
        self._life = life
        self._duties: Duties = DUTIES[role]
        self._home = Home(settings.home, keys=settings.keys_folder, world=settings.world_folder)

    async def parts(self) -> Parts:
        """Everything, in the order in which one thing needs the other."""
        settings, role = self._settings, self._role
        self._home.create()
        refuse_foreign_secrets(role, settings, self._home.keys)
        database = Database(settings.database, pool_size=POOL)
        await asyncio.to_thread(migrate.upgrade if role is Role.ALL else migrate.refuse_other, database)
        heartbeat = None if settings.is_embedded else Heartbeat(database, role, settings.serve, self._life.stop)
        name = await heartbeat.take_name() if heartbeat is not None else "embedded"
        feed = Feed()
        door = PostsChannel(database, feed)
        slack = self._slack(database)
        channels = tuple(self._channels(door, slack))
        bus = None if settings.is_embedded else PostgresBus(settings.database, {})
        engine = self._engine(database, name, bus)
        counter = build(settings, database=database, engine=engine, channels=channels, role=role, bus=bus)
        if bus is not None and (self._duties.talks or self._duties.changes):
            bus.hear(OUTBOX, _waking(counter))
        if bus is not None and self._duties.talks:
            bus.hear(LIVE, LiveReceiver(counter.shown).heard)
        ops = self._ops(counter, name)
        pages = pages_of(settings, counter) if self._duties.talks else Pages()
        if self._duties.talks:
            skew, keys = settings.events.skew_seconds, read_keys(settings.events)
            routes = [*pages.routes, *(slack.open(counter, ops.accepting) if slack is not None else ())]
            brought = BroughtFiles(database, counter.gate.parts.keys)
            app = build_app(WebParts(counter.desk, database, door, feed, keys, skew, time.time, ops, routes, brought))
        else:
            app = build_ops_app(ops)
        listening = Listening(app, settings.serve.host, settings.serve.port)
        powers = PowersWatch(role, [counter.world, *counter.outside], self._life.stop)
        return Parts(counter, heartbeat, bus, listening, pages, powers, slack, tuple(self._beside(counter, slack, bus)))

    def _slack(self, database: Database) -> SlackSide | None:
        if not self._duties.talks or not self._settings.slack.is_set:
            return None
        from loket.service.slack import SlackSide  # a process without Slack should not wait for its library

        return SlackSide(self._settings, self._home, database)

    def _channels(self, door: PostsChannel, slack: SlackSide | None) -> Iterator[Channel]:
        yield door
        if self._settings.is_embedded:
            yield TerminalChannel(self._home.rooms)
        if slack is not None:
            yield slack.channel

    def _beside(self, counter: Counter, slack: SlackSide | None, bus: PostgresBus | None) -> Iterator[Beside]:
        if slack is not None:
            yield slack
        if self._duties.sweeps:
            yield Upkeep(counter, self._settings)
        if self._duties.changes:
            yield drift_watch_of(self._settings, counter, bus)
            if ahead := ahead_of(counter.gate, counter.database, counter.library):
                yield ahead
            if watch := ticket_watch(self._settings, counter):
                yield watch
        elif self._duties.thinks:
            tells_of_drift(counter)

    def _engine(self, database: Database, name: str, bus: PostgresBus | None) -> Engine:
        serve, every = self._settings.serve, {}
        for queue, most in zip(DUTIES[Role.ALL].queues, (serve.turns_at_once, serve.actions_at_once), strict=True):
            if queue in self._duties.queues:
                every[queue] = most
        if bus is None:
            return SqliteEngine(self._home.queue, name, at_once=every)
        tell, migrates = partial(bus.tell, WORK), self._role is Role.ALL
        engine = PostgresEngine(database, name, at_once=every, tell=tell, migrates=migrates)
        if every:
            bus.hear(WORK, engine.heard)
        return engine

    def _ops(self, counter: Counter, name: str) -> OpsParts:
        async def database() -> bool:
            return await asyncio.to_thread(counter.database.healthy)

        async def started() -> bool:
            return self._life.is_ready

        metrics = build_metrics(counter, role=self._role.value, worker=name)
        return OpsParts(
            probes={"database": database, "started": started},
            metrics=lambda: metrics.render().decode(),
            accepting=lambda: not self._life.is_stopping,
        )


def _waking(counter: Counter) -> Heard:
    async def wake(_: str) -> None:
        counter.delivery.wake()

    return wake
