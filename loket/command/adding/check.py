"""`loket tools check`: every check as a row, the card as its approvers will see it, and the result kept."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from loket.command.adding.checking import Examined, Examiner
from loket.command.adding.drafts import chosen, looker_of
from loket.command.persons import person_at
from loket.command.running import looking, run
from loket.settings import Settings, read_settings
from loket.terminal.drawing import draw_card
from loket.words import SENTENCES
from tools.added import versions
from tools.added.checks.findings import Report, Verdict

As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="EMPLOYEE",
        help="For whom the source may be asked, and who the card says asks; whoever wrote the draft where nobody is "
        "named. On a server you sign in instead.",
    ),
]
_MARKS = {Verdict.PASSED: ("✓", "green"), Verdict.FAILED: ("✗", "red"), Verdict.UNSEEN: ("?", "yellow")}


def check(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="An added tool, or a document that is none yet.")],
    as_: As = "",
    number: Annotated[
        int, typer.Option("--version", help="Which version; the newest where none is named.", show_default=False)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """
    Look at everything about an added tool. Until all of it passes, nobody can release it.

    ✓ passed, ✗ failed, ? could not be looked at (which is no pass). The result is kept for exactly this document:
    whoever changes a letter of it checks anew. A file is checked without being kept.

    Examples:

      loket tools check my_leave_balance --as E1009

      loket tools check draft.yaml --as E1009 --json
    """
    examined = run(_check(read_settings(), name, as_, number))
    if as_json:
        sys.stdout.write(f"{json.dumps(examined.report.encoded(), ensure_ascii=False, indent=2)}\n")
    else:
        Console().print(draw(examined))
    raise typer.Exit(0 if examined.report.passed else 1)


async def _check(settings: Settings, name: str, employee_id: str, number: int) -> Examined:
    person = None
    if not settings.shell_is_identity and not employee_id and settings.oidc.proves:
        async with person_at(settings, "") as (_, person):
            pass  # who it is; the look itself needs what the service reads with
    async with looking(settings) as counter:
        document, version = await chosen(counter, name, number)
        author = await looker_of(counter, settings, employee_id, version, person)
        examined = await Examiner(counter, counter.way, author.person).examine(document)
        report = examined.report
        if version is not None:
            await counter.database.run(
                lambda tx: versions.record_check(
                    tx, report.name, version.hash, passed=report.passed, report=report.encoded(), by=author.actor
                )
            )
        return examined


def draw(examined: Examined) -> RenderableType:
    """The report as people read it in a terminal, and the card below it."""
    parts: list[RenderableType] = [_table(examined.report)]
    if examined.card is not None:
        parts += [
            Text("\nThe card as its approvers will see it:", style="bold"),
            draw_card(examined.card, "en", SENTENCES),
        ]
    failed = [one for one in examined.report.findings if not one.passed]
    if failed:
        parts.append(
            Text(f"\n{len(failed)} of {len(examined.report.findings)} did not pass: not ready", style="bold red")
        )
    else:
        parts.append(Text("\nAll passed: ready for `loket tools release`", style="bold green"))
    return Group(*parts)


def _table(report: Report) -> Table:
    table = Table(
        "", "check", "found", "how to mend it", title=f"{report.name}  {report.hash[:12]}", title_justify="left"
    )
    for one in report.findings:
        mark, style = _MARKS[one.verdict]
        table.add_row(Text(mark, style=style), Text(one.check), Text(one.found), Text(one.remedy))
    return table
