"""One notifier made of several: each message by the system of its road."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from pydantic import SecretStr

from connectors.examination import Seen
from connectors.notify import Notifier, Road
from core.errors import ConnectorError

log = structlog.get_logger("loket.notify")
SETTING = {Road.SMS: "LOKET_SMS_URL", Road.WORK_MAIL: "LOKET_SMTP_HOST", Road.PRIVATE_MAIL: "LOKET_SMTP_HOST"}


class System(Notifier, Protocol):
    """A notifier for some roads that can be looked at and closed."""

    @property
    def roads(self) -> frozenset[Road]:
        """The roads it serves."""

    async def examine(self) -> Sequence[Seen]:
        """What a look at it finds; nothing is sent."""

    async def powers(self) -> Sequence[str]:
        """What it can do to others."""

    async def close(self) -> None:
        """Give back what it holds."""


class ByRoad:
    """Implements `Notifier` and `Examined`. A road without a system is closed: what goes there is surely not sent."""

    name = "notify"

    def __init__(self, *systems: System) -> None:
        """Raises ValueError when two systems serve one road: which would carry a code must not be a matter of order."""
        self._systems = systems
        self._of_road = {road: system for system in systems for road in system.roads}
        if len(self._of_road) != sum(len(system.roads) for system in systems):
            raise ValueError("two systems for one road")

    @property
    def roads(self) -> frozenset[Road]:
        """The roads that are open."""
        return frozenset(self._of_road)

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """Send by the road's own system; never by another. Raises `ConnectorError` for a road without one."""
        try:
            await self._system(road).send(road, address, subject, text, key)
        except ConnectorError as error:
            # Whoever called keeps what a road raises out of the log, unread. Here it is known to hold numbers and names
            # of settings, nobody's address and no word of a server.
            kind = type(error).__name__
            log.warning("message_not_sent", road=road.value, system=error.system, error=kind, problem=error.detail)
            raise

    def _system(self, road: Road) -> System:
        system = self._of_road.get(road)
        if system is None:
            raise ConnectorError("notify", f"nothing sends by {road.value} here: set {SETTING[road]}")
        return system

    async def examine(self) -> Sequence[Seen]:
        """What each system shows, and which roads are closed."""
        found = await asyncio.gather(*(system.examine() for system in self._systems))
        closed = [_closed(road) for road in Road if road not in self._of_road]
        return [*(one for seen in found for one in seen), *closed]

    async def powers(self) -> Sequence[str]:
        """What the systems can do to others."""
        return [power for system in self._systems for power in await system.powers()]

    async def close(self) -> None:
        """Close every system."""
        for system in self._systems:
            await system.close()


def _closed(road: Road) -> Seen:
    consequence = {
        Road.SMS: "no code can be sent, so nobody can prove who they are by phone",
        Road.WORK_MAIL: "nobody hears of changes to their account by work mail",
        Road.PRIVATE_MAIL: "a temporary password reaches nobody by mail",
    }[road]
    advice = f"set {SETTING[road]}: {consequence}"
    return Seen(f"road {road.value}", good=False, detail="nothing sends by it", advice=advice, fatal=False)
