"""`loket policies try` and `compare`: ask a draft as if it were published. Nothing live is read or changed."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from core.ports import Embedder
from loket.command.publishing.drafts import Collection, Number
from loket.command.running import looking, run, settings_for_a_person
from loket.desk.asking import THREAD, Answer
from loket.evaluation.cases import Person
from loket.evaluation.desk import EvaluationDesk
from loket.evaluation.judging import text_of
from loket.evaluation.reading import read_suite
from loket.outside.models import embedder_of
from loket.policy_trial import DRAFT, IN_FORCE, chosen_version, contents, trial_desk
from loket.settings import Settings, read_settings
from loket.terminal.drawing import draw_reply
from loket.words import SENTENCES
from policies.versions.versions import Content, Version
from storage import Tx
from tools.loading import load_builtin

EVERYBODY = "all-staff"
Groups = Annotated[str, typer.Option(help="Ask as a colleague in these groups, with commas between them.")]
Language = Annotated[str, typer.Option(help="The language of that colleague, such as nl.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked on both sides, and by whom."""

    talk: tuple[str, ...]
    asker: Person


@dataclass(frozen=True, slots=True)
class Said:
    """What came of it."""

    outcome: str
    text: str
    cited: tuple[str, ...]


def try_draft(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    collection: Collection = "handbook",
    number: Number = 0,
    as_: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Who asks, such as E1002.")] = "",
    groups: Groups = "",
    language: Language = "",
    as_json: AsJson = False,
) -> None:
    """
    Ask a question of a draft, or of any version, as if it were published. Only you see the answer.

    Examples:

      loket policies try "How many days may I carry over?"

      loket policies try "Welke schaal heeft een directeur?" --groups hr --language nl --version 3
    """
    settings = settings_for_a_person() if as_ else read_settings()
    asker = Person(as_) if as_ else _colleague(frozenset(filter(None, map(str.strip, groups.split(",")))), language)
    version, answer = run(_try(settings, collection, number, Question((question,), asker)))
    label = f"draft: version {version.number} of {collection}, not what people are told"
    if as_json:
        sys.stdout.write(json.dumps({"draft": version.number, **answer.as_json()}, ensure_ascii=False) + "\n")
        return
    console = Console()
    console.print(label, style="bold yellow", markup=False)
    for reply in answer.turn.replies:
        console.print(draw_reply(reply, SENTENCES))


def compare(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Cases as `loket eval` runs them, to ask as well.")
    ] = None,
    collection: Collection = "handbook",
    number: Number = 0,
    as_json: AsJson = False,
) -> None:
    """
    Ask everything twice, of what is in force and of a draft, and show which answers change: the questions that the
    documents name themselves, and those of a file of cases.

    Examples:

      loket policies compare

      loket policies compare cases.yaml --version 3
    """
    settings = read_settings()
    suite = read_suite(file, frozenset(load_builtin().names)) if file else None
    more = [Question(case.talk, case.asker) for case in suite.cases] if suite else []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        asked, changed = run(_compare(settings, collection, number, more, progress))
    if as_json:
        rows = [
            {"question": one.talk, "asker": str(one.asker), IN_FORCE: asdict(before), DRAFT: asdict(after)}
            for one, before, after in changed
        ]
        sys.stdout.write(json.dumps({"asked": asked, "changed": rows}, ensure_ascii=False) + "\n")
        return
    console = Console()
    console.print(f"{len(changed)} of {asked} answers change", style="bold")
    for one, before, after in changed:
        console.print(f"\n{' → '.join(one.talk)}  ({one.asker or EVERYBODY})", style="bold", markup=False)
        for side, said in ((IN_FORCE, before), (DRAFT, after)):
            console.print(f"{side}: {said.outcome}, {', '.join(said.cited) or 'no source'}", style="dim", markup=False)
            console.print(said.text, markup=False)


def questions_of(sides: Iterable[Content]) -> list[Question]:
    """What the documents of both sides say people ask, each asked by a colleague who may read the document."""
    found: dict[Question, None] = {}
    for content in sides:
        for one in sorted(content.documents.values(), key=lambda one: one.path):
            header = one.document.header
            asker = _colleague(header.audience, header.language)
            found |= dict.fromkeys(Question((question,), asker) for question in header.questions)
    return list(found)


async def answers(
    settings: Settings,
    wanted: dict[str, Content],
    side: str,
    questions: Sequence[Question],
    embedder: Embedder | None = None,
    asked: Callable[[], None] = lambda: None,
) -> list[Said]:
    """What a desk on these collections says to each question, each in a conversation of its own."""
    found = []
    async with trial_desk(settings, wanted, side, embedder=embedder) as desk:
        for one in questions:
            found.append(await _said(desk, one))
            await desk.forget()
            asked()
    return found


async def _said(desk: EvaluationDesk, question: Question) -> Said:
    employee_id = await desk.employee(question.asker)
    thread = f"{THREAD}{uuid.uuid4().hex}"
    for message in question.talk:
        answer = await desk.asker.ask(employee_id, message, thread=thread)
    turn = answer.turn
    cited = tuple(dict.fromkeys(f"{one.path}#{one.heading}" for one in turn.citations))
    return Said(turn.outcome.value if turn.outcome else "", text_of(turn.replies), cited)


async def _try(settings: Settings, collection: str, number: int, question: Question) -> tuple[Version, Answer]:
    version, wanted, _before = await _sides(settings, collection, number)
    async with trial_desk(settings, wanted) as desk:
        employee_id = await desk.employee(question.asker)
        return version, await desk.asker.ask(employee_id, question.talk[0])


async def _compare(
    settings: Settings, collection: str, number: int, more: Sequence[Question], progress: Progress
) -> tuple[int, list[tuple[Question, Said, Said]]]:
    _version, after, before = await _sides(settings, collection, number)
    questions = list(dict.fromkeys([*questions_of((before[collection], after[collection])), *more]))
    task = progress.add_task("Asking", total=2 * len(questions))
    embedder = embedder_of(settings)

    def asked() -> None:
        progress.advance(task)

    old = await answers(settings, before, IN_FORCE, questions, embedder, asked)
    new = await answers(settings, after, DRAFT, questions, embedder, asked)
    triples = zip(questions, old, new, strict=True)
    return len(questions), [(one, a, b) for one, a, b in triples if a != b]


async def _sides(
    settings: Settings, collection: str, number: int
) -> tuple[Version, dict[str, Content], dict[str, Content]]:
    """The version, all collections with it, and all collections as they are in force."""

    def read(tx: Tx) -> tuple[Version, dict[str, Content], dict[str, Content]]:
        version = chosen_version(tx, collection, number)
        return version, contents(tx, collection, version), contents(tx, collection, None)

    async with looking(settings) as counter:
        return await counter.database.read(read)


def _colleague(groups: frozenset[str], language: str) -> Person:
    return Person(language=language, groups=tuple(sorted(groups - {EVERYBODY})))
