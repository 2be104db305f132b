"""`loket audit`: check that the audit chain is whole, and export it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from loket.audit_export.lines import Format, last_number, line_of, to_file, to_stdout
from loket.audit_export.ocsf import Product
from loket.audit_export.rows import entries, every
from loket.command.operator import operator
from loket.home import Home
from loket.settings import Settings, read_settings
from storage import AuditEntry, Database
from storage.audit import record
from storage.audit_verifier import verify as verify_chain

app = typer.Typer(help="Check that the audit chain is whole, and export it.", no_args_is_help=True)
NOT_YET = "there is no database yet in {folder}; it is made by the first `loket ask`"


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="A SQLite file to check instead of the database in use.")] = None,
) -> None:
    """
    Recompute the hash of every audit row and compare the chain with its signed heads. Exit code 1 when it is broken.

    An auditor can do the same without Loket: python storage/audit_verifier.py FILE

    Examples:

      loket audit verify

      loket audit verify backup/loket.sqlite
    """
    settings = read_settings()
    home = Home(settings.home)
    heads, key = home.audit_heads, home.audit_public_key
    if file is not None:
        if not file.is_file():
            raise ConfigError(f"there is no file {file}")
        report = verify_chain(str(file))
    elif _is_missing(settings):
        raise ConfigError(NOT_YET.format(folder=home.folder))
    elif heads.exists() and key.exists():
        report = verify_chain(settings.database, heads, key)
    else:
        report = verify_chain(settings.database)
    console = Console()
    for problem in report.problems:
        console.print(f"BROKEN: {problem}", style="red", markup=False)
    for note in report.notes:
        console.print(f"note: {note}", markup=False)
    state = "whole" if report.ok else "broken"
    console.print(
        f"The chain is {state}: {report.rows} rows, {report.heads} signed heads, {report.erased} payloads erased, "
        f"{report.seconds:.2f} s.",
        style="green" if report.ok else "bold red",
        markup=False,
    )
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def export(
    form: Annotated[Format, typer.Option("--format", help="OCSF 1.3 events, or the rows as they are.")] = Format.OCSF,
    since: Annotated[int | None, typer.Option(min=0, help="Only rows after this number.")] = None,
    until: Annotated[int | None, typer.Option(min=1, help="Only rows up to and with this number.")] = None,
    out: Annotated[Path | None, typer.Option(help="Append to this file, and go on where it ends.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for new rows, until you press Ctrl-C.")] = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How often --follow looks, in seconds.")] = 2.0,
    with_payload: Annotated[
        bool, typer.Option("--with-payload", help="Personal details too; that you did so is kept in the audit.")
    ] = False,
) -> None:
    """
    Write the audit as JSON lines for a SIEM, oldest first, each row once. With --out a second run goes on after the
    last whole line of the file; on standard output give the last number you have with --since.

    Examples:

      loket audit export --format jsonl --since 1200 > audit.jsonl

      loket audit export --out audit.ocsf.jsonl --follow
    """
    settings = read_settings()
    if _is_missing(settings):
        raise ConfigError(NOT_YET.format(folder=settings.home))
    begin = _begin(out, since)
    database = Database(settings.database)
    try:
        if with_payload:
            _note_reading(database, begin, until)
        product = Product(version("loket"))
        found = entries(database, begin, until, with_payload=with_payload, pause=every(seconds) if follow else None)
        lines = (line_of(entry, form, product) for entry in found)
        count = to_stdout(lines) if out is None else to_file(out, lines)
    except KeyboardInterrupt:
        return
    finally:
        database.close()
    if out is not None:
        Console().print(f"{out}: {count} row(s) after number {begin}", markup=False, soft_wrap=True)


def _begin(out: Path | None, since: int | None) -> int:
    """After which number to begin. Raises `ConfigError` where a file and --since say different things."""
    there = last_number(out) if out is not None else 0
    if there and since is not None and since != there:
        raise ConfigError(f"{out} ends at row {there}: leave --since out, or begin another file")
    return there or since or 0


def _note_reading(database: Database, begin: int, until: int | None) -> None:
    """Somebody takes personal payload out of the database: that is kept, as the first row they will see or the last."""
    about = f"rows:{begin + 1}-{until or ''}"
    with database.transaction() as tx:
        record(tx, AuditEntry(operator(), "audit.exported", about, "with payload"))


def _is_missing(settings: Settings) -> bool:
    return settings.is_embedded and not settings.database_file.is_file()
