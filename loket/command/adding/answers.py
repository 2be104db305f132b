"""`loket tools answers`: what people filled in on a form whose answers are kept, as a table.

Who reads them is somebody: an admin of the embedded form, or one who signs in. What was read stands in the audit, in
the transaction that reads: without that row nothing is given out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from core.people import Employee
from loket.command.adding.drafts import version_of
from loket.command.persons import person_at, refuse_others
from loket.command.running import run
from loket.settings import Settings, read_settings
from storage import AuditEntry, Tx
from storage.audit import record
from tools.added.answers import answers_of, as_csv
from tools.added.document import ToolDocument

VERB = "tool.answers_read"


@dataclass(frozen=True, slots=True)
class Given:
    """How many answers there are, and all of them as CSV where they were asked for."""

    count: int
    table: str = ""


def answers(
    name: Annotated[str, typer.Argument(help="A form whose answers are kept.")],
    as_: Annotated[
        str, typer.Option("--as", metavar="ADMIN", help="Who looks, such as E1009; on a server you sign in instead.")
    ] = "",
    as_csv_: Annotated[bool, typer.Option("--csv", help="Print all answers as comma-separated values.")] = False,
) -> None:
    """
    Say how many answers a kept form has; with --csv, print them. They are deleted when their time is over.

    Only for an admin, and the audit says who looked, at which form and how many there were. On a server you sign in;
    the account of the database must be one that may read `tool_answers`.

    Example:

      loket tools answers canteen_survey --as E1009 --csv > answers.csv
    """
    given = run(_answers(read_settings(), name, as_, prints=as_csv_))
    if as_csv_:
        sys.stdout.write(given.table)
    else:
        Console().print(f"{name}: {given.count} answers. Add --csv to print them.", markup=False)


async def _answers(settings: Settings, name: str, employee_id: str, *, prints: bool) -> Given:
    async with person_at(settings, employee_id) as (counter, person):
        admin = refuse_others(person, "reads what people answered")
        document = (await version_of(counter, name)).read()
        if document.source.get("keep") is None:
            raise ConfigError(f"the answers of {name!r} are not kept: it is no form with `keep`")
        return await counter.database.run(lambda tx: read_out(tx, document, admin, prints=prints))


def read_out(tx: Tx, document: ToolDocument, admin: Employee, *, prints: bool) -> Given:
    """The answers, and in the same transaction the row that says who read them. Blocking."""
    found = answers_of(tx, document.name)
    entry = AuditEntry(
        actor=f"employee:{admin.employee_id}",
        verb=VERB,
        object=f"tool:{document.name}",
        result=f"{'printed' if prints else 'counted'} {len(found)}",
        origin="cli",
    )
    record(tx, entry)
    return Given(len(found), as_csv(document, found) if prints else "")
