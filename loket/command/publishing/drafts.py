"""`loket policies draft`, `diff` and `versions`: bring a draft in, see what it would change, see what there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from actions.publishing import LONGEST, difference
from core.errors import ConfigError
from core.plain_text import reveal
from loket.command.adding.drafts import author_of
from loket.command.running import looking, run
from loket.policy_trial import chosen_version
from loket.settings import Settings, read_settings
from policies.versions import versions
from policies.versions.changes import Changes, changes, clauses_changed
from policies.versions.drafting import Author, Drafted
from policies.versions.versions import FOUND, Publication, Version
from storage import Tx
from tools.context import Draft

Collection = Annotated[str, typer.Option(help="The collection of documents.")]
Number = Annotated[int, typer.Option("--version", help="Which version; the newest where none is named.")]
ORIGIN = "terminal"


def draft(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of Markdown, HTML, PDF, DOCX, XLSX.")],
    collection: Collection = "handbook",
    only: Annotated[str, typer.Option(metavar="PATH", help="Only this document, or what lies below this folder.")] = "",
    as_: Annotated[str, typer.Option("--as", metavar="ADMIN", help="Whose draft it is, such as E1009.")] = "",
) -> None:
    """
    Read a folder into a draft. Nobody's answers use it until it was published. Only what changed is read anew, and
    what is gone from the folder is not in the draft.

    Examples:

      loket policies draft ../our-handbook --as E1009

      loket policies draft ../our-handbook --only our-handbook/leave
    """
    drafted = run(_draft(read_settings(), directory, collection, only, as_))
    console = Console()
    for problem in drafted.problems:
        console.print(f"{problem.path}: {reveal(problem.sentence)}", style="yellow", markup=False)
    found = changes(drafted.before, drafted.after)
    _print_summary(console, drafted, found)
    if sum(map(len, found.lines())) > LONGEST:
        console.print("That is more than a card shows: publish it in parts (--only PATH).", style="yellow")
    if found:
        console.print("look: loket policies diff · try: loket policies try QUESTION", style="dim", markup=False)
        console.print("publish: loket policies publish --as ADMIN", style="dim", markup=False)


def diff(collection: Collection = "handbook", number: Number = 0) -> None:
    """
    Show what a version would change: who may read more, what goes, and every clause that is not the same.

    Example:

      loket policies diff
    """

    async def work() -> Draft:
        async with looking(read_settings()) as counter:
            return await counter.database.read(lambda tx: _difference(tx, collection, number))

    shown = run(work())
    console = Console()
    console.print(shown.title, style="bold", markup=False)
    for fact in shown.facts:
        console.print(f"{fact.label}:\n{reveal(fact.value)}", markup=False, highlight=False, soft_wrap=True)


def list_versions(
    collection: Collection = "handbook",
    at: Annotated[str, typer.Option(metavar="MOMENT", help="Only say which was in force then (UTC).")] = "",
) -> None:
    """
    List the versions of a collection: who drafted them, which are in force, and which were.

    Examples:

      loket policies versions

      loket policies versions --at "2026-11-26 14:00"
    """
    moment = _moment(at) if at else None

    async def work() -> Table | str:
        async with looking(read_settings()) as counter:
            if moment is not None:
                return await counter.database.read(lambda tx: _then(tx, collection, moment))
            return await counter.database.read(lambda tx: _table(tx, collection))

    Console().print(run(work()))


async def _draft(settings: Settings, directory: Path, collection: str, only: str, employee_id: str) -> Drafted:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        async with looking(settings) as counter:
            author = await author_of(counter, settings, employee_id)
            by = Author(author.actor, ORIGIN)
            return await counter.library.draft(directory, collection, by, only, _heard(progress))


def _heard(progress: Progress) -> Callable[[int, int, str], None]:
    task = progress.add_task("Reading", total=None)

    def hear(done: int, total: int, what: str) -> None:
        progress.update(task, completed=done, total=total, description=what[:50])

    return hear


def _print_summary(console: Console, drafted: Drafted, found: Changes) -> None:
    version = drafted.version
    same = len(drafted.after.documents) - len(found.added) - len(found.changed)
    console.print(
        f"{version.collection}: draft {version.number}: {len(found.added)} added, {len(found.changed)} changed, "
        f"{len(found.removed)} removed, {same} unchanged; {drafted.read} files read",
        style="bold",
        markup=False,
    )
    for line in found.wider():
        console.print(f"MORE people may read {line}", style="bold red", markup=False)
    for one in found.removed:
        console.print(f"removed  {one.path}", markup=False)
    for one in found.changed:
        console.print(f"changed  {one.path}: {'; '.join(clauses_changed(one)) or 'its front matter'}", markup=False)
    for one in found.added:
        console.print(f"added    {one.path}: for {', '.join(sorted(one.readers[1]))}", markup=False)
    if found.words:
        console.print("changed  the glossary", markup=False)
    if not found:
        console.print("It says what is in force: there is nothing to publish.", markup=False)
    for line in version.unseen:
        console.print(f"characters that nobody sees were left out: {reveal(line)}", style="yellow", markup=False)


def _difference(tx: Tx, collection: str, number: int) -> Draft:
    chosen = chosen_version(tx, collection, number)
    return difference(tx, chosen, versions.content(tx, chosen), versions.in_force(tx, collection))


def _table(tx: Tx, collection: str) -> Table:
    chosen_version(tx, collection)
    table = Table("version", "drafted by", "when (UTC)", "state", "hash")
    present = versions.in_force(tx, collection).hash
    done = {one.number: one for one in versions.published(tx, collection)}
    for one in versions.versions(tx, collection):
        cells = (str(one.number), one.author, f"{one.drafted_at:%Y-%m-%d %H:%M}", _state(one, present, done))
        table.add_row(*map(Text, (*cells, one.hash[:12])))
    return table


def _state(one: Version, present: str, done: dict[int, Publication]) -> str:
    last = done.get(one.number)
    since = f", published {last.at:%Y-%m-%d %H:%M} ({last.action_id[:8]})" if last else ""
    if one.hash == present:
        return f"in force{since}"
    return f"was in force{since}" if last or one.origin == FOUND else "draft"


def _then(tx: Tx, collection: str, moment: datetime) -> str:
    before = [one for one in versions.published(tx, collection) if one.at <= moment]
    if before:
        return f"version {before[-1].number} of {collection}, published {before[-1].at:%Y-%m-%d %H:%M} UTC"
    return f"nothing of {collection} had been published by then"


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no moment; write it as 2026-11-26 14:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
