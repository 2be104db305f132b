"""One process of the service: built for its role, ready only when it can work, stopped without losing anything."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from core.errors import ConfigError
from loket import migrate
from loket.bootstrap import build
from loket.counter import OUTBOX, Counter
from loket.engine import Engine
from loket.engine.dbos_postgres import PostgresEngine
from loket.engine.dbos_sqlite import SqliteEngine
from loket.home import Home
from loket.live import LiveChannels
from loket.logs import name_worker
from loket.restoring import void_if_older
from loket.service.bus import Heard, PostgresBus
from loket.service.heartbeat import Heartbeat
from loket.service.least import refuse_foreign_secrets, refuse_powers
from loket.service.listening import Listening
from loket.service.live_bus import TOPIC as LIVE
from loket.service.live_bus import LiveReceiver
from loket.service.roles import DUTIES, Duties, Role
from loket.service.upkeep import Upkeep
from loket.settings import Settings
from loket.telemetry.metrics import build_metrics
from loket.telemetry.tracing import tracing
from loket.terminal import TerminalChannel
from storage import Database
from storage.faultpoint import reached
from web_app.app import WebParts, build_app, build_ops_app
from web_app.feed import Feed
from web_app.health import OpsParts
from web_app.keys import read_keys
from web_app.posts import PostsChannel

log = structlog.get_logger("loket.service")
THINKS_AT = 5
"""Where thinking and acknowledging share a machine, the latter goes first (nice, 0 to 19)."""
POOL = 12
"""Connections of one process, besides four of the queue and two of the bus (docs/operate.md counts them)."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one process is made of."""

    counter: Counter
    heartbeat: Heartbeat | None
    bus: PostgresBus | None
    listening: Listening
    upkeep: Upkeep | None


class Service:
    """Serve in one role until told to stop, or until another process has taken this one's name."""

    def __init__(self, settings: Settings, role: Role) -> None:
        if settings.is_embedded and role is not Role.ALL:
            raise ConfigError("roles run apart on Postgres only: set LOKET_DATABASE_URL, or leave --role away")
        self._settings = settings
        self._role = role
        self._duties: Duties = DUTIES[role]
        self._home = Home(settings.home, keys=settings.keys_folder, world=settings.world_folder)
        self._stopping = asyncio.Event()
        self._ready = False

    async def run(self, opened: Callable[[str, str], None]) -> None:
        """The whole life. `opened` is told the address and the worker's name as soon as work is taken.

        Raises `ConfigError` for what must be put right first, `ConnectorError` when the database is away at the start.
        """
        self._listen_to_signals()
        parts = await self._built()
        name = parts.heartbeat.name if parts.heartbeat else "embedded"
        name_worker(name)
        with tracing(self._settings.telemetry, role=self._role.value, worker=name):
            try:
                address = await parts.listening.start()
                await self._begin(parts)
                self._ready = True
                reached("service.ready")
                opened(address, name)
                await self._stopping.wait()
            finally:
                await self._end(parts)

    def stop(self) -> None:
        """Begin to drain."""
        self._stopping.set()

    async def _built(self) -> _Parts:
        settings, role = self._settings, self._role
        self._home.create()
        refuse_foreign_secrets(role, settings, self._home.keys)
        database = Database(settings.database, pool_size=POOL)
        await asyncio.to_thread(migrate.upgrade if role is Role.ALL else migrate.refuse_other, database)
        heartbeat = None if settings.is_embedded else Heartbeat(database, role, settings.serve, self.stop)
        name = await heartbeat.take_name() if heartbeat is not None else "embedded"
        feed = Feed()
        door = PostsChannel(database, feed)
        channels = (door, TerminalChannel(self._home.rooms)) if settings.is_embedded else (door,)
        live = LiveReceiver(LiveChannels(channels))
        heard: dict[str, Heard] = {LIVE: live.heard} if self._duties.talks else {}
        bus = None if settings.is_embedded else PostgresBus(settings.database, heard)
        counter = build(
            settings, database=database, engine=self._engine(database, name), channels=channels, role=role, bus=bus
        )
        if bus is not None and (self._duties.talks or self._duties.changes):
            bus.hear(OUTBOX, _waking(counter))
        ops = self._ops(counter, name)
        if self._duties.talks:
            skew = settings.events.skew_seconds
            keys = read_keys(settings.events)
            app = build_app(WebParts(counter.desk, database, door, feed, keys, skew, time.time, ops))
        else:
            app = build_ops_app(ops)
        listening = Listening(app, settings.serve.host, settings.serve.port)
        return _Parts(counter, heartbeat, bus, listening, Upkeep(counter, settings) if self._duties.sweeps else None)

    def _engine(self, database: Database, name: str) -> Engine:
        serve, every = self._settings.serve, {}
        for queue, most in zip(DUTIES[Role.ALL].queues, (serve.turns_at_once, serve.actions_at_once), strict=True):
            if queue in self._duties.queues:
                every[queue] = most
        if self._settings.is_embedded:
            return SqliteEngine(self._home.queue, name, at_once=every)
        return PostgresEngine(database, name, at_once=every, migrates=self._role is Role.ALL)

    def _ops(self, counter: Counter, name: str) -> OpsParts:
        async def database() -> bool:
            return await asyncio.to_thread(counter.database.healthy)

        async def started() -> bool:
            return self._ready

        metrics = build_metrics(counter, role=self._role.value, worker=name)
        return OpsParts(
            probes={"database": database, "started": started},
            metrics=lambda: metrics.render().decode(),
            accepting=lambda: not self._stopping.is_set(),
        )

    async def _begin(self, parts: _Parts) -> None:
        """Check what must hold, take up what was left behind, get warm."""
        counter = parts.counter
        if self._duties.thinks and not self._duties.talks:
            os.nice(THINKS_AT)
        refuse_powers(self._role, await counter.world.powers())
        if self._duties.sweeps:
            alone = parts.heartbeat is None or await parts.heartbeat.is_only(self._duties)
            await counter.gate.open(alone=alone)
            reached("service.gate_opened")
            if counter.heads is not None:
                await void_if_older(counter.gate, counter.heads)
        if parts.bus is not None:
            await parts.bus.start()
        await counter.work()
        reached("service.working")
        if parts.heartbeat is not None:
            await parts.heartbeat.start(counter.engine)
        if parts.upkeep is not None:
            await parts.upkeep.start()
        if self._duties.thinks:
            await counter.warm()
        log.info("service_started")

    async def _end(self, parts: _Parts) -> None:
        """Drain: what runs finishes, what is due leaves, what is left stays for the next process."""
        self._stopping.set()
        reached("service.draining")
        began = time.monotonic()
        if parts.upkeep is not None:
            await parts.upkeep.stop()
        await parts.counter.rest(self._settings.serve.drain_seconds)
        reached("service.drained")
        await parts.listening.stop()
        if parts.heartbeat is not None:
            await parts.heartbeat.stop()
        if parts.bus is not None:
            await parts.bus.stop()
        await parts.counter.close()
        log.info("service_stopped", ms=round((time.monotonic() - began) * 1000))

    def _listen_to_signals(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stop)


def _waking(counter: Counter) -> Heard:
    async def wake(_: str) -> None:
        counter.delivery.wake()

    return wake
