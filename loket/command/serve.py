"""`loket serve` and `loket migrate`: the service, and the tables it needs."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from loket.home import Home
from loket.logs import logging_to
from loket.service.roles import Role
from loket.settings import Settings, read_settings


def serve(
    role: Annotated[Role, typer.Option(help="How much of the counter this process is.")] = Role.ALL,
) -> None:
    """
    Open the counter: take events in, answer, carry out what was approved, until stopped (Ctrl-C or SIGTERM).

    Without LOKET_DATABASE_URL one process does everything, on SQLite in the home folder. On Postgres there may be
    as many processes as needed, of the roles web, agent and executor; run `loket migrate` first.

    Examples:

      loket serve

      LOKET_DATABASE_URL=postgresql+psycopg://… loket serve --role agent
    """
    settings = read_settings()
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


def _run(settings: Settings, role: Role) -> None:
    from threadpoolctl import threadpool_limits

    from loket.service.process import Service

    console = Console(stderr=settings.log.to == "stdout")  # there every line is one of the log

    def opened(address: str, worker: str) -> None:
        where = "SQLite" if settings.is_embedded else "Postgres"
        console.print(
            f"Loket is open: {address} (role {role}, worker {worker}, {where}). Ctrl-C stops it.", markup=False
        )

    # Vectors are short: more threads for one product cost more than they save (docs/performance.md).
    with threadpool_limits(1):
        asyncio.run(Service(settings, role).run(opened))
    console.print("Loket has stopped; nothing was lost.", markup=False)
