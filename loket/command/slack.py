"""`loket slack`: the app's manifest, the workspaces that installed it, and forgetting one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from core.errors import ConfigError
from loket import migrate
from loket.command.operator import operator
from loket.command.running import run
from loket.home import Home
from loket.settings import read_settings
from storage import Database

app = typer.Typer(help="The Slack app: its manifest, and the workspaces it is in.", no_args_is_help=True)


@app.command()
def manifest(
    mode: Annotated[
        Literal["http", "socket"] | None, typer.Option("--mode", help="How events come in. Default: the setting's.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write, instead of printing.")] = None,
    language: Annotated[
        Literal["en", "nl"], typer.Option("--language", help="The language of the suggested questions.")
    ] = "en",
) -> None:
    """
    The manifest to paste at api.slack.com: Create New App → From a manifest. There is no secret in it.

    Examples:

      loket slack manifest --mode socket

      loket slack manifest --mode http --out manifest.json
    """
    from slack_app.manifest import manifest as made

    settings = read_settings().slack
    chosen = mode or ("http" if settings.mode == "http" else "socket")
    text = json.dumps(made(settings, chosen, language), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from error
    Console().print(f"{out}: the manifest for {chosen}", markup=False, soft_wrap=True)


@app.command("list")
def list_() -> None:
    """
    The workspaces that installed the app with OAuth, without their tokens.

    Example:

      loket slack list
    """
    from slack_app.installing import store

    database = _opened()
    try:
        installed = run(database.read(store.listed))
    finally:
        database.close()
    served = read_settings().slack.workspaces
    table = Table("workspace", "name", "organisation", "since (UTC)", "served")
    for about, at in installed:
        yes = bool(served & {about.tenant, about.enterprise})
        table.add_row(about.tenant, about.name, about.enterprise or "-", f"{at:%Y-%m-%d %H:%M}", "yes" if yes else "no")
    console = Console()
    if installed:
        console.print(table)
    else:
        console.print("No workspace installed the app with OAuth.")


@app.command()
def forget(
    team: Annotated[str, typer.Argument(metavar="TEAM", help="The workspace (T…) or organisation (E…).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """
    Forget a workspace: its tokens, and who talked with us in which thread. Slack itself is not told.

    Examples:

      loket slack forget T0123ABCD

      loket slack forget T0123ABCD --yes
    """
    from slack_app.installing.leaving import forget as forgetting

    if not yes and not typer.confirm(f"Forget the token of {team}? Nobody there is answered until it installs again."):
        raise typer.Exit(1)
    database = _opened()
    try:
        gone = run(forgetting(database, team, operator()))
    finally:
        database.close()
    if not gone:
        raise ConfigError(f"{team} did not install the app; `loket slack list` shows who did")
    Console().print(
        f"{team} is forgotten. To end the app's access there, remove it in Slack too: "
        "Tools & settings → Manage apps → Loket → Remove App.",
        markup=False,
        soft_wrap=True,
    )


def _opened() -> Database:
    """The database with its tables."""
    settings = read_settings()
    Home(settings.home).create()
    database = Database(settings.database, pool_size=1)
    if settings.is_embedded:
        migrate.upgrade(database)
    else:
        migrate.refuse_other(database)
    return database
