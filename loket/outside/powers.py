"""Asks each outside system what the account of this process may change there; too much stops the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from core.errors import ConfigError, ConnectorError
from loket.service.least_privilege import refuse_powers
from loket.service.roles import DUTIES, Role

ASK_SECONDS = 10.0
AGAIN_SECONDS = 60.0
log = structlog.get_logger("loket.powers")


class Powerful(Protocol):
    """An outside system that knows what it lets this process change."""

    async def powers(self) -> Sequence[str]:
        """What could be changed."""


class PowersWatch:
    """Refuses a role with too much power. A system that is away at the start must not keep answers from everybody: it
    is asked again until it tells, and `stop` is called if it tells of power then.
    """

    def __init__(self, role: Role, systems: Sequence[Powerful], stop: Callable[[], None]) -> None:
        self._role = role
        self._unasked = list(systems)
        self._stop = stop
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises `ConfigError` that names every power found. Where the role may change things nothing is refused, and
        its start does not wait: being asked is also when a system begins to watch what it has to watch.
        """
        if not DUTIES[self._role].changes:
            await self._ask()
        if self._unasked:
            self._task = asyncio.create_task(self._ask_on())

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        told = await asyncio.gather(*(_powers(system) for system in self._unasked))
        self._unasked = [system for system, powers in zip(self._unasked, told, strict=True) if powers is None]
        refuse_powers(self._role, [power for powers in told for power in powers or ()])

    async def _ask_on(self) -> None:
        if not DUTIES[self._role].changes:
            await asyncio.sleep(AGAIN_SECONDS)
        while self._unasked:
            try:
                await self._ask()
            except ConfigError as error:
                log.error("too_much_power", problem=str(error))
                self._stop()
                return
            await asyncio.sleep(AGAIN_SECONDS if self._unasked else 0)


async def _powers(system: Powerful) -> Sequence[str] | None:
    """None: it did not say."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await system.powers()
    except (ConnectorError, TimeoutError) as error:
        log.warning("powers_unknown", error=type(error).__name__)
        return None
