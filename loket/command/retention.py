"""`loket retention`: how long everything is kept, and removing now what is too old."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loket.command.running import looking, run
from loket.retention.retention import Report, Retention, periods_of
from loket.retention.rules import rules
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
    for rule in rules(kept):
        table.add_row(rule.what, str(rule.days), rule.becomes)
    table.add_row("words of events", str(kept.text), "covered")
    table.add_row("words of actions that are over", str(kept.actions), "covered")
    table.add_row("personal payload of the audit", str(kept.audit_payload), "deleted")
    table.add_row("lines in terminal rooms", str(kept.text), "deleted")
    table.add_row("log files", str(kept.log), "deleted")
    table.add_row("finished work of the queue", str(kept.work), "deleted")
    table.add_row("the audit chain, rows of actions, votes, released rules", "–", "stay")
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
        table.add_row(one.what, str(one.days), one.becomes, str(one.count))
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
