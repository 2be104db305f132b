"""`loket serve` and `loket migrate`: the service, and the tables it needs."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from loket.home import Home
from loket.logs import logging_to
from loket.service.one_core import keep_to_one_core
from loket.service.roles import Role
from loket.service.several import Several, numbered
from loket.settings import Settings, read_settings


def serve(
    role: Annotated[Role, typer.Option(help="How much of the counter this process is.")] = Role.ALL,
    agents: Annotated[int, typer.Option(min=1, max=64, help="How many agents to run here (with --role agent).")] = 1,
    number: Annotated[int, typer.Option(min=1, max=64, help="Which of several of its role on this machine it is.")] = 1,
) -> None:
    """
    Open the counter: take events in, answer, carry out what was approved, until stopped (Ctrl-C or SIGTERM).

    Without LOKET_DATABASE_URL one process does everything, on SQLite in the home folder. On Postgres there may be
    as many processes as needed, of the roles web, agent and executor; run `loket migrate` first. Several on one
    machine are told apart by --number: from the second on with a home folder and a port of its own. --agents runs so
    many agents, and starts one again that ended.

    Examples:

      loket serve

      LOKET_DATABASE_URL=postgresql+psycopg://… loket serve --role agent --agents 2
    """
    settings = read_settings()
    if agents > 1:
        if role is not Role.AGENT or number > 1 or settings.is_embedded:
            raise ConfigError("--agents goes with --role agent, without --number, and on Postgres")
        raise SystemExit(_run_several(settings, role, agents))
    settings = numbered(settings, role, number)
    home = Home(settings.home)
    with ExitStack() as until_the_end:
        if settings.is_embedded:
            until_the_end.enter_context(home.owned("loket serve"))
        home.create()
        until_the_end.enter_context(logging_to(home.log, settings.log.level, to=settings.log.to, role=role.value))
        _run(settings, role)


def migrate() -> None:
    """
    Create or change the tables this version needs, those of the queue too, and put the first rules in force.

    Safe to run again, and while an older version still works: each change lets it go on.
    """
    from loket.service.preparing import prepare

    settings = read_settings()
    Home(settings.home).create()
    revision = asyncio.run(prepare(settings))
    Console().print(f"The database is at revision {revision}.", markup=False)


def _run_several(settings: Settings, role: Role, count: int) -> int:
    for one in range(1, count + 1):
        numbered(settings, role, one)  # what is wrong with one of them is said before any is started
    command = [sys.executable, "-m", "loket", "serve", "--role", role.value, "--number"]
    several = Several(count, lambda one: [*command, str(one)], settings.serve.drain_seconds)
    home = Home(settings.home / "agents")  # the first agent writes its own log
    home.create()
    with logging_to(home.log, settings.log.level, to=settings.log.to, role=role.value):
        return asyncio.run(several.run())


def _run(settings: Settings, role: Role) -> None:
    from threadpoolctl import threadpool_limits

    from loket.service.process import Service

    console = Console(stderr=settings.log.to == "stdout")  # there every line is one of the log

    def opened(address: str, worker: str) -> None:
        where = "SQLite" if settings.is_embedded else "Postgres"
        console.print(
            f"Loket is open: {address} (role {role}, worker {worker}, {where}). Ctrl-C stops it.", markup=False
        )

    if role is Role.AGENT or settings.is_embedded:  # others with the role all may stand beside it
        keep_to_one_core(settings.serve.core)
    # Vectors are short: more threads for one product cost more than they save (docs/performance.md).
    with threadpool_limits(1):
        asyncio.run(Service(settings, role).run(opened))
    console.print("Loket has stopped; nothing was lost.", markup=False)
