"""`loket tools`: what the agent may do, and the switch that stops it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from actions.switches import switch_off
from core.errors import ConfigError, Refused
from loket.command.adding import add, answers, check, release
from loket.command.adding.listing import table_of
from loket.command.nearest import did_you_mean
from loket.command.operator import operator
from loket.command.persons import NAMED
from loket.command.proposing import propose_here
from loket.command.running import employee_of, looking, run, settings_for_a_person
from loket.settings import Settings, read_settings
from loket.switchboard import Switchboard
from storage import Database, Tx
from tools.added import versions
from tools.loading import load_builtin
from tools.registry import Registry

app = typer.Typer(help="What the agent may do, and the switch that stops it.", no_args_is_help=True)
As = Annotated[str, typer.Option("--as", metavar="ADMIN", help=NAMED)]
Name = Annotated[str, typer.Argument(help="A tool's name, or '*' for everything.")]


app.command()(add.add)
app.command()(check.check)
app.command()(release.release)
app.command()(release.show)
app.command("versions")(release.list_versions)
app.command("roll-back")(release.roll_back)
app.command()(release.retire)
app.command()(answers.answers)


@app.command("list")
def show_all() -> None:
    """
    List all tools: where each is from, which version of it, its tier (read runs at once, write after the requester's
    yes, sensitive and critical after one and two approvers), and its state.

    Example:

      loket tools list
    """

    console = Console()

    async def work() -> Table:
        async with looking(read_settings()) as counter:
            return await table_of(counter, console.width)

    console.print(run(work()))


@app.command()
def disable(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; it is shown and kept in the audit.")],
    as_: Annotated[str, typer.Option("--as", metavar="ADMIN", help="Which admin does it, such as E1009.")] = "",
) -> None:
    """
    Switch a tool off, for everybody, within seconds. What was approved and has not run is stopped too.

    Without --as, and on a server, the audit names the login and the host: whoever can reach the database may stop
    Loket, and nobody can start it again from a shell.

    Examples:

      loket tools disable '*' --reason "a report of misuse"

      loket tools disable reset_my_password --as E1009 --reason "drill"
    """
    if as_:
        Console().print(run(_disable(settings_for_a_person(), name, as_, reason)), markup=False)
    else:
        Console().print(_disable_by_hand(read_settings(), name, reason), markup=False)


@app.command()
def enable(name: Name, as_: As = "", yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """
    Propose to switch a tool on again. Two other admins have to approve.

    Example:

      loket tools enable reset_my_password --as E1009
    """
    run(propose_here(read_settings(), as_, "switch_on", {"scope": name}, yes=yes))


async def _disable(settings: Settings, name: str, employee_id: str, reason: str) -> str:
    async with looking(settings) as counter:
        admin = await employee_of(counter, employee_id)
        await counter.database.read(lambda tx: _refuse_unless_known(counter.registry, tx, name))
        try:
            new = await counter.gate.switch_off(admin, name, reason)
        except Refused as error:
            raise ConfigError(f"{admin.name} is no admin: only the group `admins` switches tools off") from error
        return _said(name, new=new)


def _disable_by_hand(settings: Settings, name: str, reason: str) -> str:
    """Nothing but the database is needed: a stop must work also while other parts cannot start."""
    database = Database(settings.database)
    try:
        with database.transaction() as tx:
            _refuse_unless_known(load_builtin(Switchboard(database)), tx, name)
            return _said(name, new=switch_off(tx, operator(), name, reason))
    finally:
        database.close()


def _refuse_unless_known(registry: Registry, tx: Tx, name: str) -> None:
    known = [*registry.built_in, *versions.names(tx)]
    if name != "*" and name not in known:
        raise ConfigError(f"there is no tool {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}")


def _said(name: str, *, new: bool) -> str:
    what = "everything" if name == "*" else name
    return f"{what} is switched off." if new else f"{what} was switched off already."
