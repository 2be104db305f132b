"""`loket retention`: how long everything is kept, and removing now what is too old."""

from __future__ import annotations

from dataclasses import astuple
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loket.command.running import looking, run
from loket.retention.retention import Report, Retention, periods_of
from loket.retention.rules import STAY, others, rules
from loket.settings import Settings, read_settings

app = typer.Typer(help="How long things are kept, and removing what is too old.", no_args_is_help=True)


@app.command()
def show() -> None:
    """
    List what is kept how long. The periods are settings: LOKET_AGENT_RETENTION_DAYS and LOKET_RETENTION_….

    Example:

      loket retention show
    """
    settings = read_settings()
    kept = periods_of(settings.agent, settings.retention)
    table = Table("what", "days", "then")
    for what, days, becomes in (*(astuple(rule.term) for rule in rules(kept)), *astuple(others(kept))):
        table.add_row(what, str(days), becomes)
    for name, why in STAY.items():
        table.add_row(f"rows of {name}", "–", f"stay: {why}")
    Console().print(table)


@app.command("run")
def run_now(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and change nothing.")] = False,
) -> None:
    """
    Remove now what is too old. The service does the same by itself, once an hour.

    Examples:

      loket retention run --dry-run

      loket retention run
    """
    report = run(_once(read_settings(), dry=dry_run))
    table = Table("what", "older than, days", "would be" if dry_run else "was", "count")
    for one in report.pruned:
        table.add_row(one.term.what, str(one.term.days), one.term.becomes, str(one.count))
    Console().print(table)
    if not report.traces_cleared:
        Console(stderr=True).print(
            "Somebody reads the database now: what was removed may still stand in its write-ahead file.",
            style="yellow",
        )


async def _once(settings: Settings, *, dry: bool) -> Report:
    async with looking(settings) as counter:
        kept = periods_of(settings.agent, settings.retention)
        return await Retention(counter.database, counter.home, kept, settings.retention.batch).once(dry=dry)
