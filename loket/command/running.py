"""Running a counter for the time of one command: settings, the lock on the home folder, start and stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from rich.console import Console

from core.errors import ConfigError
from core.people import Employee
from loket.bootstrap import Counter, build
from loket.home import Home
from loket.logs import logging_to
from loket.outside.models import embedder_of
from loket.settings import Settings, read_settings
from loket.terminal.channel import TerminalChannel, identity_of
from loket.words import say

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine. Ctrl-C ends it quietly with code 1."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise SystemExit(1) from None


def settings_for_a_person() -> Settings:
    """The settings, where the command line may say who somebody is. Raises `ConfigError` elsewhere."""
    settings = read_settings()
    if not settings.shell_is_identity:
        raise ConfigError(
            "--as exists only in the embedded form: with a database server or a real system connected a shell is no "
            "identity; use Slack, Teams or the web page"
        )
    return settings


@asynccontextmanager
async def working(
    settings: Settings, command: str, channel: TerminalChannel | None = None, *, talks: bool = False
) -> AsyncIterator[Counter]:
    """A started counter that owns the home folder. Raises `ConfigError` when another process owns it.

    `talks`: questions will be asked, so what they need is loaded beside the start instead of after it.
    """
    home = Home(settings.home)
    with home.owned(command), logging_to(home.log, settings.log.level):
        embedder = embedder_of(settings, threads=1 if talks else 2)
        if talks and not settings.embedding.is_set:
            # Reading the weights takes a second, mostly outside Python's lock.
            threading.Thread(target=embedder.embed, args=(["hello"],), daemon=True).start()
        counter = build(settings, embedder=embedder, channels=(channel or TerminalChannel(home.rooms),))
        await counter.start()
        warming = asyncio.create_task(counter.warm()) if talks else None
        try:
            yield counter
        finally:
            if warming is not None:
                await asyncio.gather(warming, return_exceptions=True)
            await counter.stop()


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Counter]:
    """A counter that only reads tables and casts votes; whoever owns the home folder does the rest."""
    home = Home(settings.home)
    home.create()
    with logging_to(home.log, settings.log.level):
        counter = build(settings)
        await counter.open()
        try:
            yield counter
        finally:
            await counter.close()


async def warn_if_no_policies(counter: Counter) -> None:
    """Say on standard error that the handbook was never read in, and with which command it is."""
    if not await counter.library.documents():
        Console(stderr=True).print(say("not_ingested", "en"), style="yellow", markup=False)


async def employee_of(counter: Counter, employee_id: str) -> Employee:
    """The active employee with this number. Raises `ConfigError` with what to do."""
    employee = await counter.directory.by_identity(identity_of(employee_id))
    if employee is None:
        raise ConfigError(f"there is no employee {employee_id}; the sample staff is E1001 to E1044, such as E1002")
    return employee
