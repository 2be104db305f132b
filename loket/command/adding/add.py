"""`loket tools add`: from a source to a draft, by an interview at the terminal or with a file of answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from connectors.loopback import is_loopback
from core.chat import ChatModel
from core.errors import ConfigError, ModelError
from core.risk import Risk
from loket.command.adding.asking import Asker, at_the_terminal, telling
from loket.command.adding.choosing import chosen_offers
from loket.command.adding.drafts import Author, author_of
from loket.command.adding.earlier import newest_documents
from loket.command.adding.interview import Interview
from loket.command.adding.sources import Offer, Source, Wanted, read_answers, read_source
from loket.command.adding.suggesting import suggested
from loket.command.running import looking, run
from loket.counter import Counter
from loket.outside.models import model_of
from loket.settings import Settings, read_settings
from tools.added import versions
from tools.added.document import ToolDocument, write_document

ORIGIN = "terminal"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line said."""

    source: Wanted
    admin: str
    out: Path | None
    answers: dict[str, Any]
    yes: bool
    keeps: bool


def add(  # noqa: PLR0913, PLR0917 - every answer may be an option
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A tool document, form or OpenAPI file; an address; package:NAME; with --mcp-command -.",
        ),
    ],
    as_: Annotated[str, typer.Option("--as", metavar="ADMIN", help="Whose draft it is, such as E1009.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write the document into this file, or - for standard output.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="A YAML file with the answers; what it leaves out is asked.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="QUESTION=ANSWER", help="One answer.")] = None,
    operations: Annotated[str, typer.Option(help="Which operations, with commas between them.")] = "",
    mcp: Annotated[bool, typer.Option("--mcp", help="The address is that of an MCP server.")] = False,
    mcp_command: Annotated[
        str,
        typer.Option(
            metavar="NAME=PROGRAM", help="An MCP server that is started here (stdio): a name, and its whole path."
        ),
    ] = "",
    internal: Annotated[bool, typer.Option("--internal", help="The source lies inside your own network.")] = False,
    credential: Annotated[str, typer.Option(help="With what an MCP server is read, such as env:LOKET_TOOL_HR.")] = "",
    draft: Annotated[bool, typer.Option("--draft/--no-draft", help="Keep it as a draft.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what is proposed.")] = False,
) -> None:
    """
    Bring a tool in. You are asked in plain words what it may do and who must say yes; every question says why, and has
    an answer already. Nothing is in force until it was checked and two other admins released it.

    A finished document or a form in YAML asks nothing.

    Examples:

      loket tools add https://hr.example.gov/openapi.json --as E1009

      loket tools add renew-my-pass.yaml --as E1009

      loket tools add hr.yaml --answers answers.yaml --out my_leave_balance.yaml --no-draft
    """
    given = _given(answers, set_ or (), operations)
    wanted = Wanted(source, mcp=mcp, program=mcp_command, internal=internal, credential=credential)
    try:
        run(_add(read_settings(), Wish(wanted, as_, out, given, yes, draft)))
    except typer.Abort:
        Console(stderr=True).print("\nStopped: nothing was kept.", style="yellow")
        raise typer.Exit(1) from None


def _given(file: Path | None, pairs: Iterable[str], operations: str) -> dict[str, Any]:
    """The answers of the file and of the command line, which wins."""
    given = read_answers(file) if file else {}
    for pair in pairs:
        key, joint, value = pair.partition("=")
        if not joint:
            raise ConfigError(f"--set {pair!r} is not written as QUESTION=ANSWER")
        given[key.strip()] = value
    if operations:
        given["operations"] = [one.strip() for one in operations.split(",")]
    return given


@dataclass(frozen=True, slots=True)
class Names:
    """Which names are taken, and the newest documents of the tools that were added."""

    taken: set[str]
    known: Sequence[ToolDocument]


async def _add(settings: Settings, wish: Wish) -> None:
    async with looking(settings) as counter:
        author = await author_of(counter, settings, wish.admin)
        built_in = counter.registry.built_in
        source = await read_source(wish.source, counter.way, sorted(built_in))
        if source.finished:
            documents = [source.finished]
        else:
            drafted = await counter.database.read(versions.names)
            known = await counter.database.read(newest_documents)
            documents = await _asked(settings, wish, source, Names({*built_in, *drafted}, known))
        _write(wish.out, documents)
        for document in documents if wish.keeps else ():
            await _keep(counter, document, author)


async def _asked(settings: Settings, wish: Wish, source: Source, names: Names) -> list[ToolDocument]:
    console = Console(stderr=True)
    silent = wish.yes or not sys.stdin.isatty()
    asker = Asker(wish.answers, None if silent else at_the_terminal(console), telling(console))
    interview = Interview(asker, names.taken, names.known)
    model = model_of(settings)
    documents = []
    for offer in chosen_offers(asker, source.offers):
        for note in offer.proposal.notes:
            console.print(f"{offer.proposal.wire_name}: {note}", style="yellow", markup=False)
        lines = await _lines(settings, model, offer) if model is not None and not silent else None
        documents.append(interview.about(offer, (lambda *_told, found=lines: found) if lines else None))
    asker.refuse_unused()
    if asker.assumed and not wish.yes:
        took = ", ".join(dict.fromkeys(asker.assumed))
        console.print(f"No terminal to ask at: took what is proposed for {took}.", style="yellow", markup=False)
    return documents


async def _lines(settings: Settings, model: ChatModel, offer: Offer) -> dict[str, list[str]] | None:
    values = offer.proposal.values
    mask = settings.ai.mask and not is_loopback(settings.llm.base_url)
    try:
        return await suggested(model, values["name"], values["description"], Risk(values["risk"]), mask=mask)
    except ModelError:
        return None


def _write(out: Path | None, documents: list[ToolDocument]) -> None:
    if out is None:
        return
    if len(documents) != 1:
        raise ConfigError("--out takes one document: add one operation at a time, or keep them as drafts")
    text = write_document(documents[0])
    if str(out) == "-":
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from error


async def _keep(counter: Counter, document: ToolDocument, author: Author) -> None:
    kept = await counter.database.run(lambda tx: versions.draft(tx, document, author.actor, ORIGIN))
    console = Console(stderr=True)
    console.print(f"{kept.name} version {kept.number} is drafted ({kept.hash[:12]}).", markup=False, highlight=False)
    who = f" --as {author.person.employee_id}" if author.person else ""
    console.print(f"loket tools check {kept.name}{who}", style="dim", markup=False, highlight=False)
