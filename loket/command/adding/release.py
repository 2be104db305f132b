"""`loket tools release`, `roll-back`, `retire`, `show`, `versions`: the life of an added tool after its check."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from actions.outdated import take_away
from core.errors import ConfigError, Refused
from loket.command.adding.drafts import version_of
from loket.command.nearest import did_you_mean
from loket.command.persons import NAMED, person_at, signs_in
from loket.command.proposing import propose_here
from loket.command.running import looking, run
from loket.settings import Settings, read_settings
from storage import Tx
from tools.added import versions
from tools.added.document import write_document
from tools.added.versions import InForce, Version

As = Annotated[str, typer.Option("--as", metavar="ADMIN", help=NAMED)]
CHANNELS = ("slack", "teams", "web", "door", "terminal")
Name = Annotated[str, typer.Argument(help="An added tool's name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def release(
    name: Name,
    as_: As = "",
    number: Annotated[
        int, typer.Option("--version", help="Which version; the newest where none is named.", show_default=False)
    ] = 0,
    groups: Annotated[str, typer.Option(help="Only for these groups first, with commas between them.")] = "",
    channel: Annotated[str, typer.Option(help="Only there first: slack, or slack:TENANT/ROOM.")] = "",
    yes: Yes = False,
) -> None:
    """
    Propose to put a checked version in force. The difference with the version before is shown; two other admins
    approve it, none of whom wrote it. In every process it holds within five seconds.

    Examples:

      loket tools release my_leave_balance --as E1009

      loket tools release my_leave_balance --as E1009 --groups service-desk
    """
    places = [_place(channel)] if channel else []
    wanted = [one.strip() for one in groups.split(",") if one.strip()]
    run(_release(read_settings(), name, as_, number, (wanted, places), yes=yes))


def roll_back(
    name: Name,
    as_: As = "",
    to: Annotated[
        int, typer.Option(help="Which version; the one in force before where none is named.", show_default=False)
    ] = 0,
    yes: Yes = False,
) -> None:
    """
    Propose to put an earlier version in force again, for everybody. Two other admins approve it. To stop a tool at
    once, use disable.

    Example:

      loket tools roll-back my_leave_balance --as E1009
    """
    run(_roll_back(read_settings(), name, as_, to, yes=yes))


def retire(
    name: Name,
    as_: As = "",
    canary: Annotated[bool, typer.Option("--canary", help="Only the version that some are offered first.")] = False,
) -> None:
    """
    Take a tool away. It only takes away, so it needs nobody else; to bring it back is a release. What waits for
    approval is voided.

    Example:

      loket tools retire my_leave_balance --as E1009
    """
    Console().print(run(_retire(read_settings(), name, as_, canary=canary)), markup=False)


def show(
    name: Name,
    number: Annotated[
        int, typer.Option("--version", help="Which version; the newest where none is named.", show_default=False)
    ] = 0,
) -> None:
    """
    Print the document of an added tool, as a file to edit.

    Example:

      loket tools show my_leave_balance > new.yaml
    """

    async def work() -> tuple[Version, str]:
        async with looking(read_settings()) as counter:
            version = await version_of(counter, name, number)
            return version, write_document(version.read())

    version, text = run(work())
    sys.stderr.write(f"version {version.number}, {version.hash}, by {version.author}\n")
    sys.stdout.write(text)


def list_versions(name: Name) -> None:
    """
    List the versions of an added tool: who wrote them, whether they were checked, and which are in force.

    Example:

      loket tools versions my_leave_balance
    """

    async def work() -> Table:
        async with looking(read_settings()) as counter:
            await version_of(counter, name)
            return await counter.database.read(lambda tx: _table(tx, name))

    Console().print(run(work()))


def _place(text: str) -> str:
    """A channel, or one room of it. Raises `ConfigError`."""
    if not re.fullmatch(rf"({'|'.join(CHANNELS)})(:[^/\s]+/[^/\s]+)?", text):
        meant = did_you_mean(text.partition(":")[0], CHANNELS)
        raise ConfigError(f"--channel {text!r} is none of {', '.join(CHANNELS)}, or CHANNEL:TENANT/ROOM.{meant}")
    return text


async def _release(
    settings: Settings,
    name: str,
    employee_id: str,
    number: int,
    audience: tuple[Sequence[str], Sequence[str]],
    *,
    yes: bool,
) -> None:
    signs_in(settings, employee_id)
    async with looking(settings) as counter:
        version = await version_of(counter, name, number)
        for group in audience[0]:
            if not await counter.directory.members(group):
                raise ConfigError(f"nobody is in the group {group!r}")
    groups, places = audience
    arguments = {"name": name, "version": version.number, "document_hash": version.hash}
    await propose_here(
        settings,
        employee_id,
        "release_tool",
        {**arguments, "groups": list(groups), "places": list(places)},
        yes=yes,
    )


async def _roll_back(settings: Settings, name: str, employee_id: str, to: int, *, yes: bool) -> None:
    signs_in(settings, employee_id)
    async with looking(settings) as counter:
        await version_of(counter, name)
        earlier = await counter.database.read(lambda tx: versions.earlier(tx, name))
    if not earlier:
        raise ConfigError(f"{name!r} has no earlier version that was in force: `loket tools retire` takes it away")
    if to and to not in earlier:
        raise ConfigError(f"version {to} of {name!r} was never in force; there were: {', '.join(map(str, earlier))}")
    await _release(settings, name, employee_id, to or earlier[0], ([], []), yes=yes)


async def _retire(settings: Settings, name: str, employee_id: str, *, canary: bool) -> str:
    async with person_at(settings, employee_id) as (counter, admin):
        await version_of(counter, name)
        try:
            done = await take_away(counter.gate.parts, admin, name, canary=canary)
        except Refused as error:
            raise ConfigError(f"{admin.name} is no admin: only the group `admins` takes tools away") from error
    if not done:
        return f"{name} was not in force."
    return f"{name}: the version that some were offered is gone." if canary else f"{name} is retired."


def _table(tx: Tx, name: str) -> Table:
    table = Table("version", "written by", "when (UTC)", "check", "state", "hash")
    state = versions.in_force(tx).get(name, InForce())
    for one in versions.versions(tx, name):
        check = versions.check_of(tx, name, one.hash)
        said = "-" if check is None else ("passed" if check.passed else "failed")
        at = f"{one.drafted_at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.number), one.author, at, said, _state(one, state), one.hash[:12])
    return table


def _state(one: Version, state: InForce) -> str:
    if state.full is not None and state.full.number == one.number:
        return "in force"
    if state.canary is not None and state.canary.number == one.number:
        return f"canary: {state.canary.audience.words()}"
    return ""
