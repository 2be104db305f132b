"""The life of one process of the service: ready only when it can work, stopped without losing anything."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable

import structlog

from core.errors import ConfigError
from loket.logs import name_worker
from loket.restoring import void_if_older
from loket.service.assembly import Parts, assembled
from loket.service.garbage_collection import spare_what_is_loaded
from loket.service.roles import DUTIES, Duties, Role
from loket.settings import Settings
from loket.telemetry.tracing import tracing
from storage.faultpoint import reached

log = structlog.get_logger("loket.service")
THINKS_AT = 10
"""Where thinking and acknowledging share a machine, the latter goes first (nice, 0 to 19)."""


class Service:
    """Serve in one role until told to stop, or until another process has taken this one's name."""

    def __init__(self, settings: Settings, role: Role) -> None:
        if settings.is_embedded and role is not Role.ALL:
            raise ConfigError("roles run apart on Postgres only: set LOKET_DATABASE_URL, or leave --role away")
        self._settings = settings
        self._role = role
        self._duties: Duties = DUTIES[role]
        self._stopping = asyncio.Event()
        self._ready = False

    async def run(self, opened: Callable[[str, str], None]) -> None:
        """The whole life. `opened` is told the address and the worker's name as soon as work is taken.

        Raises `ConfigError` for what must be put right first, `ConnectorError` when the database is away at the start.
        """
        self._listen_to_signals()
        parts = await assembled(self._settings, self._role, self)
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

    @property
    def is_ready(self) -> bool:
        """Whether it has taken work up."""
        return self._ready

    @property
    def is_stopping(self) -> bool:
        """Whether it takes nothing more up."""
        return self._stopping.is_set()

    async def _begin(self, parts: Parts) -> None:
        """Check what must hold, take up what was left behind, get warm."""
        counter = parts.counter
        if self._duties.thinks and not self._duties.talks:
            os.nice(THINKS_AT)
        await parts.powers.start()
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
        for one in parts.beside:
            await one.start()
        if self._duties.thinks:
            await counter.warm()
        spare_what_is_loaded()
        log.info("service_started")

    async def _end(self, parts: Parts) -> None:
        """Drain: what runs finishes, what is due leaves, what is left stays for the next process."""
        self._stopping.set()
        reached("service.draining")
        began = time.monotonic()
        for one in parts.beside:
            await one.stop()
        await parts.counter.rest(self._settings.serve.drain_seconds)
        reached("service.drained")
        await parts.listening.stop()
        await parts.pages.close()
        if parts.slack is not None:
            await parts.slack.close()
        await parts.powers.stop()
        if parts.heartbeat is not None:
            await parts.heartbeat.stop()
        if parts.bus is not None:
            await parts.bus.stop()
        await parts.counter.close()
        log.info("service_stopped", ms=round((time.monotonic() - began) * 1000))

    def _listen_to_signals(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stop)
