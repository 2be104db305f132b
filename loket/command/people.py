"""`loket people`: a copy of everything about one person, erasing them, and the chat accounts that count as somebody."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actions.linking.ending import end
from connectors.directory.links import IdentityLink, every, of_employee
from core.errors import ConfigError
from core.people import ChannelIdentity
from core.plain_text import reveal
from loket.bootstrap import Counter
from loket.command.operator import operator
from loket.command.proposing import propose
from loket.command.running import looking, run, settings_for_a_person, working
from loket.retention.erasure import Erased, Erasure
from loket.retention.export import Export
from loket.settings import Settings, read_settings

app = typer.Typer(
    help="What is kept about one person: a copy of it, erasing it, and which chat accounts count as them.",
    no_args_is_help=True,
)
Who = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="The employee number, such as E1002.")]
QUESTION = "Erase everything about {who}? This cannot be undone."
STAYS = (
    "What stays: the rows of the audit chain, of actions and of votes with the number {who} and no words, because the "
    "agency must be able to show who changed what (docs/privacy.md); ids of events for a week; texts outside Loket "
    "(tickets, the chat itself, the directory); backups, until they are too old."
)


@app.command()
def export(
    who: Who,
    out: Annotated[Path, typer.Option("--out", help="The file to write; it must not exist.")],
) -> None:
    """
    Write everything that is kept about a person to one JSON file that only you can read. Secrets are not in it.

    Example:

      loket people export E1002 --out E1002.json
    """
    if out.exists():
        raise ConfigError(f"{out} is there already: name another file")
    document = run(_export(read_settings(), who))
    _write_private(out, document)
    rows = {name: len(value) for name, value in document.items() if isinstance(value, list) and value}
    listed = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in rows.items())
    Console().print(f"{out}: {listed or 'nothing is kept'}", markup=False, soft_wrap=True)


@app.command()
def erase(
    who: Who,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit; do not name the person in it.")],
    cancel_open: Annotated[
        bool, typer.Option("--cancel-open", help="Withdraw their open requests, drop messages without an answer.")
    ] = False,
    cases: Annotated[
        list[Path] | None, typer.Option("--cases", help="A file of evaluation cases to look for their words in.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """
    Erase a person's conversations and all other words by and about them. Refused while a request of theirs is open.

    Stop `loket serve` first in the embedded form. With Postgres run it on every machine: each has its own log files.

    Examples:

      loket people erase E1002 --reason "left, request of 3 March"

      loket people erase E1002 --reason "request of 3 March" --cancel-open --cases cases.yaml --yes
    """
    for file in cases or ():
        if not file.is_file():
            raise ConfigError(f"there is no file {file}")
    if not yes and not typer.confirm(QUESTION.format(who=who)):
        raise typer.Exit(1)
    _show(run(_erase(read_settings(), who, reason.strip()[:400], cancel_open=cancel_open, cases=cases or [])))


@app.command()
def links(
    who: Annotated[str, typer.Argument(metavar="[EMPLOYEE]", help="Only this person's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """
    List the chat accounts that people have linked to themselves. What the directory itself says is not among them.

    Examples:

      loket people links

      loket people links E1002 --json
    """
    found = run(_links(read_settings(), who))
    if as_json:
        rows = [asdict(link) | {"identity": str(link.identity)} for link in found]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1, default=str) + "\n")
        return
    table = Table("account", "employee", "how", "since", "last used", "called itself")
    for link in found:
        since, used = (f"{at:%Y-%m-%d}" for at in (link.made_at, link.used_at))
        table.add_row(
            *map(escape, (str(link.identity), link.employee_id, link.way, since, used, reveal(link.shown_as)))
        )
    Console().print(table)


@app.command()
def link(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account, such as slack:T0123:U0456.")],
    who: Who,
    as_: Annotated[str, typer.Option("--as", metavar="ADMIN", help="Who proposes, such as E1009.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """
    Propose that a chat account counts as an employee. Two other admins approve it; the employee is told.

    Example:

      loket people link slack:T0DHB:U0TOM E1002 --as E1009
    """
    arguments = {"account": account, "employee": who}
    run(propose(settings_for_a_person(), as_, "link_account", arguments, yes=yes))


@app.command()
def unlink(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="As `loket people links` shows it: slack:T…:U…")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit.")],
) -> None:
    """
    Take a link away, at once: whoever writes with that account is a stranger again.

    Example:

      loket people unlink slack:T0DHB:U0TOM --reason "reported by phone, ticket IT-4711"
    """
    parts = account.split(":")
    if len(parts) != 3:
        raise ConfigError(f"{account} names no account: it looks like slack:T0123:U0456")
    ended = run(_unlink(read_settings(), ChannelIdentity(*parts), reason.strip()[:400]))
    if ended is None:
        raise ConfigError(f"{account} is linked to nobody (`loket people links` lists all)")
    Console().print(f"{account} no longer counts as {ended.employee_id}.", markup=False, soft_wrap=True)


async def _links(settings: Settings, who: str) -> Sequence[IdentityLink]:
    async with looking(settings) as counter:
        return await counter.database.read(lambda tx: of_employee(tx, who) if who else every(tx))


async def _unlink(settings: Settings, identity: ChannelIdentity, reason: str) -> IdentityLink | None:
    async with looking(settings) as counter:
        return await counter.database.run(lambda tx: end(tx, identity, operator(), "admin", reason=reason))


async def _export(settings: Settings, who: str) -> dict[str, Any]:
    async with looking(settings) as counter:
        return await Export(counter.database, counter.directory, counter.home).document(who, operator())


async def _erase(settings: Settings, who: str, reason: str, *, cancel_open: bool, cases: list[Path]) -> Erased:
    if settings.is_embedded:  # nobody else may be at work on these files
        async with working(settings, "loket people erase") as counter:
            await counter.settle()
            return await _erase_at(counter, settings, who, reason, cancel_open=cancel_open, cases=cases)
    async with looking(settings) as counter:
        return await _erase_at(counter, settings, who, reason, cancel_open=cancel_open, cases=cases)


async def _erase_at(
    counter: Counter, settings: Settings, who: str, reason: str, *, cancel_open: bool, cases: list[Path]
) -> Erased:
    erasure = Erasure(counter.database, counter.directory, counter.gate, counter.home, settings.agent.work_domains)
    return await erasure.erase(who, operator(), reason, cancel_open=cancel_open, cases=cases)


def _show(done: Erased) -> None:
    console = Console()
    table = Table("removed", "count")
    for one in done.removed:
        table.add_row(one.what, str(one.count))
    console.print(table)
    if done.withdrawn:
        console.print(f"{done.withdrawn} open request(s) withdrawn first.")
    for place in done.found:
        console.print(f"Their words stand in {place}: edit it by hand.", style="yellow", markup=False)
    for place in done.spilt:
        console.print(
            f"Something of theirs stands in {place}: stop Loket, remove the folder `index`, ingest again.",
            style="yellow",
            markup=False,
        )
    if not done.traces_cleared:
        console.print("Somebody reads the database now, so its write-ahead file could not be emptied: run it again.")
    console.print(STAYS.format(who=done.employee_id), style="dim", markup=False, soft_wrap=True)


def _write_private(out: Path, document: dict[str, Any]) -> None:
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")
