"""`loket audit`: check that the audit chain is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from loket.home import Home
from storage.audit_verifier import verify as verify_chain

app = typer.Typer(help="Check that the audit chain is whole.", no_args_is_help=True)


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
    from loket.settings import read_settings

    settings = read_settings()
    home = Home(settings.home)
    heads, key = home.audit_heads, home.audit_public_key
    if file is not None:
        if not file.is_file():
            raise ConfigError(f"there is no file {file}")
        report = verify_chain(str(file))
    elif settings.is_embedded and not settings.database_file.is_file():
        raise ConfigError(f"there is no database yet in {home.folder}; it is made by the first `loket ask`")
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
