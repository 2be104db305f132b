"""`loket policies`: read documents in, list them, show one, take them out, search them; drafts are in `publishing`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.errors import ConfigError
from core.ports import Passage
from loket.bootstrap import Counter
from loket.command.documents import document_table, print_document
from loket.command.publishing import drafts, release, trial
from loket.command.running import employee_of, looking, run, settings_for_a_person
from loket.policy_trial import chosen_version, contents, trial_library
from loket.settings import Settings, read_settings
from policies.records import DocumentRecord, IngestReport, StoredDocument

app = typer.Typer(
    help="Read policies in, draft and publish them, list them, show one, search them.", no_args_is_help=True
)
EVERYONE = frozenset({"all-staff"})
TEXT_CHARS = 300
AT_ONCE = (
    "policies are in force here, and what is in force changes only when two other admins agree: "
    "`loket policies draft DIR`, then `loket policies publish` (docs/write-policies.md)"
)

app.command()(drafts.draft)
app.command()(drafts.diff)
app.command("try")(trial.try_draft)
app.command()(trial.compare)
app.command()(release.publish)
app.command("versions")(drafts.list_versions)
app.command("roll-back")(release.roll_back)


@app.command()
def ingest(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of Markdown, HTML, PDF, DOCX, XLSX.")],
    collection: Annotated[str, typer.Option(help="The name under which these documents are kept.")] = "handbook",
) -> None:
    """
    Read a folder of documents in. Only what changed is read anew; what is gone from the folder is forgotten.
    A document that cannot be read is named with what to do; the others go on.

    It holds at once, for everybody. With a database server or a real system connected that is so the first time
    only; from then on: loket policies draft DIR.

    Examples:

      loket policies ingest policies/samples

      loket policies ingest ../our-handbook --collection handbook
    """
    report = run(_ingest(read_settings(), directory, collection))
    console = Console()
    for problem in report.problems:
        console.print(f"{problem.path}: {problem.sentence}", style="yellow", markup=False)
    console.print(
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, {report.removed} removed; "
        f"{report.passages} passages; {report.seconds:.1f} s",
        markup=False,
    )
    read = report.added + report.updated + report.unchanged
    raise typer.Exit(1 if report.problems and not read else 0)


@app.command("list")
def show() -> None:
    """
    List all documents: of which kind they are, who owns them, who may read them, and from when until when they hold.

    Example:

      loket policies list
    """

    async def work() -> list[DocumentRecord]:
        async with looking(read_settings()) as counter:
            return await counter.library.documents()

    documents = run(work())
    if documents:
        Console().print(document_table(documents))
    else:
        Console().print("There are no documents yet. Read some in: loket policies ingest DIR", markup=False)


@app.command("show")
def show_one(
    path: Annotated[str, typer.Argument(help="A document's path, as `loket policies list` gives it.")],
) -> None:
    """
    Show one document as it is kept: what it says about itself, then all its passages whole.

    Example:

      loket policies show samples/leave-2026.md
    """

    async def work() -> list[StoredDocument]:
        async with looking(read_settings()) as counter:
            return await counter.library.document(path)

    found = run(work())
    if not found:
        raise ConfigError(f"there is no document {path}; `loket policies list` shows all")
    for document in found:
        print_document(Console(), document)


@app.command()
def remove(what: Annotated[str, typer.Argument(help="A document's path, a folder, or a collection.")]) -> None:
    """
    Forget a document, everything below a folder, or a whole collection. The files themselves stay.

    Example:

      loket policies remove leave-2024.md
    """

    async def work() -> int:
        settings = read_settings()
        async with looking(settings) as counter:
            await _refuse_past_the_gate(settings, counter)
            return await counter.library.remove(what)

    count = run(work())
    if not count:
        raise ConfigError(f"there is no document, folder or collection {what}; `loket policies list` shows all")
    Console().print(f"{count} removed")


@app.command()
def repair() -> None:
    """
    Make the search indexes hold what the database says is in force: after they were lost, or with another embedder.
    No text changes.

    Example:

      loket policies repair
    """

    async def work() -> str:
        async with looking(read_settings()) as counter:
            return await counter.library.repair()

    Console().print(run(work()) or "The indexes hold what is in force.", markup=False)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in any of its languages.")],
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="How many passages.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    as_: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Search with this person's rights.")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="Search the newest draft of --collection instead.")] = False,
    collection: Annotated[str, typer.Option(help="The collection whose draft is meant.")] = "handbook",
) -> None:
    """
    Search the passages as the agent does. Without --as: what every employee may read.

    Examples:

      loket policies search "unused leave at the end of the year" --k 5

      loket policies search "salarisschaal" --as E1017 --json

      loket policies search "carry over" --draft
    """
    settings = settings_for_a_person() if as_ else read_settings()
    passages = run(_search(settings, query, k, as_, collection if draft else ""))
    if as_json:
        sys.stdout.write(json.dumps([_as_json(passage) for passage in passages], ensure_ascii=False) + "\n")
        return
    console = Console()
    if draft:
        console.print(f"draft of {collection}, not what people are told", style="bold yellow", markup=False)
    for number, passage in enumerate(passages, 1):
        place = f"{number}. {passage.title} › {passage.heading}  ({passage.path}, {passage.score:.3f})"
        console.print(place, style="bold", markup=False)
        console.print(" ".join(passage.text.split())[:TEXT_CHARS], markup=False)
    raise typer.Exit(0 if passages else 1)


async def _ingest(settings: Settings, directory: Path, collection: str) -> IngestReport:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        async with looking(settings) as counter:
            await _refuse_past_the_gate(settings, counter)
            return await counter.library.ingest(directory, collection, _heard(progress))


async def _refuse_past_the_gate(settings: Settings, counter: Counter) -> None:
    """Raises `ConfigError` where a shell is no identity, but for the very first documents."""
    if not settings.shell_is_identity and await counter.library.documents():
        raise ConfigError(AT_ONCE)


def _heard(progress: Progress) -> Callable[[int, int, str], None]:
    task = progress.add_task("Reading", total=None)

    def hear(done: int, total: int, what: str) -> None:
        progress.update(task, completed=done, total=total, description=what[:50])

    return hear


async def _search(settings: Settings, query: str, k: int, employee_id: str, draft_of: str) -> list[Passage]:
    async with looking(settings) as counter:
        groups = (await employee_of(counter, employee_id)).groups if employee_id else EVERYONE
        if not draft_of:
            return list(await counter.library.search(query, groups, k))
        wanted = await counter.database.read(lambda tx: contents(tx, draft_of, chosen_version(tx, draft_of)))
    async with trial_library(settings, wanted) as beside:
        return list(await beside.library.search(query, groups, k))


def _as_json(passage: Passage) -> dict[str, object]:
    return {"path": passage.path, "heading": passage.heading, "score": passage.score, "text": passage.text}
