"""`loket secrets` and `loket grants`: what the Postgres form needs before its first start, and after a migration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loket.provision import ACCOUNTS, OWNER, RINGS, grant, make_secrets, rotate_key
from loket.settings import read_settings
from storage import Database


def secrets(
    folder: Annotated[Path, typer.Argument(help="The folder that compose.yaml takes secrets from.")],
    host: Annotated[str, typer.Option(help="Where the database accounts find Postgres.")] = "postgres",
    rotate: Annotated[
        str, typer.Option(metavar="RING", help=f"Only add a fresh key to this ring: {', '.join(sorted(RINGS))}.")
    ] = "",
) -> None:
    """
    Make the secrets of the Postgres form, one file each: keys, database passwords, tokens. What is there stays.

    Examples:

      loket secrets secrets

      loket secrets .loket/keys --rotate votes     a fresh key; the old ones still open and check
    """
    if rotate:
        key_id = rotate_key(folder, rotate)
        Console().print(f"From now on {rotate} uses key {key_id}; what older keys made still counts.", markup=False)
        return
    made = make_secrets(folder, host)
    Console().print(f"Made {len(made)} file(s) in {folder}: {', '.join(made) or 'none was missing'}", markup=False)


def grants() -> None:
    """
    Give the database account of each role exactly what the role needs. Run it after `loket migrate`, as the owner.

    Example:

      LOKET_DATABASE_URL=postgresql+psycopg://loket_owner:…@db/loket loket grants
    """
    database = Database(read_settings().database, pool_size=1)
    try:
        accounts = grant(database)
    finally:
        database.close()
    console = Console()
    console.print(f"Rights given to {', '.join(accounts) or 'nobody'}.", markup=False)
    if missing := sorted(set(ACCOUNTS.values()) - set(accounts)):
        console.print(f"There is no account {', '.join(missing)}: {OWNER} or a superuser creates it.", markup=False)
