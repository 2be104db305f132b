"""`loket restored`: say by hand that the database was put back from a backup, so that nothing in it runs again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from loket.command.operator import operator
from loket.command.running import looking, run
from loket.restoring import void
from loket.settings import Settings, read_settings

QUESTION = "Close every open request for good, destroy undelivered codes and passwords, and tell everybody?"


def restored(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """
    Close everything that is open in a database that was restored from a backup. Nothing of it is carried out again.

    Loket notices a restore by itself where its signed audit heads were kept; this is for where they were not.

    Example:

      loket restored --yes
    """
    if not yes and not typer.confirm(QUESTION):
        raise typer.Exit(1)
    ended = run(_restored(read_settings()))
    Console().print(f"{ended} open request(s) closed; the requesters are told when Loket runs.", markup=False)


async def _restored(settings: Settings) -> int:
    async with looking(settings) as counter:
        if counter.heads is None:
            raise ConfigError("run this where actions are carried out: this role keeps no heads of the audit chain")
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        return await void(counter.gate, counter.heads, f"said by {operator()} at {moment}", operator())
