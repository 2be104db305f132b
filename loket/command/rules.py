"""`loket rules`: who must approve what. Read them, and propose a new version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ConfigError
from loket.command.persons import NAMED
from loket.command.proposing import propose_here
from loket.command.running import looking, run
from loket.settings import read_settings

app = typer.Typer(help="Who must approve what: read the rules in force, propose new ones.", no_args_is_help=True)


@app.command()
def show() -> None:
    """
    Print the rules in force, as a file to edit.

    Example:

      loket rules show > new.yaml
    """
    version, document = run(_in_force())
    sys.stderr.write(f"version {version}\n")
    sys.stdout.write(document)


@app.command()
def propose(
    file: Annotated[Path, typer.Argument(help="The whole new rules file.")],
    as_: Annotated[str, typer.Option("--as", metavar="ADMIN", help=NAMED)] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """
    Propose a new version. The difference is shown; two other admins approve it; until then the old one stays.

    Example:

      loket rules propose new.yaml --as E1009
    """
    try:
        document = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as text: {error}") from error
    version, _document = run(_in_force())
    arguments = {"base": version, "document": document}
    run(propose_here(read_settings(), as_, "change_rules", arguments, yes=yes))


async def _in_force() -> tuple[int, str]:
    async with looking(read_settings()) as counter:
        return await counter.gate.rules()
