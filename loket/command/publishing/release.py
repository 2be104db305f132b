"""`loket policies publish` and `roll-back`: propose a version to the other admins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from actions.authors import PUBLISH
from core.errors import ConfigError
from loket.command.proposing import propose_here
from loket.command.publishing.drafts import Collection, Number
from loket.command.running import run
from loket.policy_trial import chosen_version
from loket.settings import read_settings
from policies.versions import versions
from policies.versions.versions import FOUND
from storage import Database, Tx

As = Annotated[
    str,
    typer.Option(
        "--as", metavar="ADMIN", help="Who does it, such as E1009: in the embedded form. Elsewhere you sign in."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def publish(collection: Collection = "handbook", number: Number = 0, as_: As = "", yes: Yes = False) -> None:
    """
    Propose to put a draft in force. The whole difference is shown; two other admins approve it, none of whom drafted
    it. All of it comes in force at once, and answers go on meanwhile.

    Example:

      loket policies publish --as E1009
    """
    _propose(lambda tx: _asked(tx, collection, number), as_, yes=yes)


def roll_back(
    number: Annotated[
        int, typer.Argument(metavar="[N]", min=0, help="Which version; the one in force before where none is named.")
    ] = 0,
    collection: Collection = "handbook",
    as_: As = "",
    yes: Yes = False,
) -> None:
    """
    Propose to put an earlier version in force again: the same as publish, with what was in force before.

    Examples:

      loket policies roll-back --as E1009

      loket policies roll-back 3 --as E1009
    """
    _propose(lambda tx: _asked(tx, collection, _earlier(tx, collection, number)), as_, yes=yes)


def _propose(asked: Callable[[Tx], dict[str, object]], employee_id: str, *, yes: bool) -> None:
    settings = read_settings()
    database = Database(settings.database, pool_size=2)
    try:
        with database.reading() as tx:
            arguments = asked(tx)
    finally:
        database.close()
    run(propose_here(settings, employee_id, PUBLISH, arguments, yes=yes))


def _asked(tx: Tx, collection: str, number: int) -> dict[str, object]:
    chosen = chosen_version(tx, collection, number)
    return {
        "collection": collection,
        "version": chosen.number,
        "version_hash": chosen.hash,
        "base": versions.in_force(tx, collection).hash,
    }


def _earlier(tx: Tx, collection: str, number: int) -> int:
    """The version to go back to. Raises `ConfigError` when it was never in force, or there is none."""
    present = versions.in_force(tx, collection).hash
    kept = {one.number: one for one in versions.versions(tx, collection)}
    found = [one.number for one in kept.values() if one.origin == FOUND]
    was = [*found, *(one.number for one in versions.published(tx, collection))]
    candidates = [one for one in dict.fromkeys(reversed(was)) if one in kept and kept[one].hash != present]
    if number and number not in candidates:
        there = ", ".join(map(str, candidates)) or "none"
        raise ConfigError(f"version {number} of {collection!r} was never in force, or is; earlier ones: {there}")
    if not candidates:
        raise ConfigError(f"{collection!r} has no earlier version that was in force")
    return number or candidates[0]
