"""Measurements of one desk: how fast it reads, searches and answers, and how often it is right."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from core.errors import ConfigError
from loket.bench import Row
from loket.bench.answer_check import HELD_OUT, TUNING, rows_of, run_case, written_cases
from loket.bench.answer_rules import made_cases
from loket.bench.answers import Judged
from loket.bench.answers import answers as ask_all
from loket.bench.answers import report as rows_of_answers
from loket.bench.audit_chain import append_and_verify
from loket.bench.handbook import ingest_twice, search
from loket.bench.intents import intents as choose_tools
from loket.bench.masking import masking_rows
from loket.bench.streaming import preview_speed
from loket.bench.turns import turn_speed
from loket.command.bench.reporting import report
from loket.command.running import run, settings_for_a_person, working
from loket.outside.models import embedder_of
from loket.settings import Settings

app = typer.Typer()

ANSWERS = Path(__file__).resolve().parents[3] / "tests" / "quality"
SAMPLES = Path(__file__).resolve().parents[3] / "policies" / "samples"
EMPLOYEES = ("E1001", "E1002", "E1017")


@app.command()
def handbook(
    folder: Annotated[Path, typer.Argument(help="A folder of policies.")],
    questions: Annotated[Path | None, typer.Option(help="Questions with their right sections, JSON lines.")] = None,
) -> None:
    """
    Read a folder in (twice), search it, and count how often the right section is found.

    Example:

      loket bench handbook ../shared/data/tts-handbook/pages --questions ../shared/data/tts-questions-dev.jsonl
    """
    for file in (folder, questions):
        if file is not None and not file.exists():
            raise ConfigError(f"{file} is not there")
    with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
        report(run(_handbook(_in(home), folder, questions)))


@app.command()
def turns(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often each question is asked.")] = 5,
) -> None:
    """Ask the sample handbook ordinary questions and time each turn (built-in model)."""
    with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
        report(run(_turns(_in(home), rounds)))


@app.command()
def intents(
    train: Annotated[Path, typer.Argument(help="Messages with their intents, JSON lines; examples come from here.")],
    test: Annotated[Path, typer.Argument(help="The messages to choose a tool for; intent `oos` means none.")],
    examples: Annotated[int, typer.Option(min=1, max=100, help="How many examples each intent gets.")] = 10,
    seed: Annotated[int, typer.Option(help="Which examples: the same number, the same ones.")] = 1,
) -> None:
    """
    Make every intent a tool with a few examples, and count how often the right one is chosen.

    Example:

      loket bench intents ../shared/data/clinc150/train.jsonl ../shared/data/clinc150/test.jsonl
    """
    for file in (train, test):
        if not file.exists():
            raise ConfigError(f"{file} is not there")
    report(choose_tools(embedder_of(settings_for_a_person()), train, test, examples, seed))


@app.command()
def masking(
    count: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many numbers are invented.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Which numbers: the same seed, the same ones.")] = 1,
) -> None:
    """Invent personal numbers and look-alikes in sentences, and count what is masked."""
    report(masking_rows(count, seed))


@app.command()
def streaming(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often each question is asked.")] = 4,
) -> None:
    """Time from a sentence's last letter, written by a slow stand-in for a language model, to its showing."""
    with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
        settings = _in(home)
        acting = settings.model_copy(update={"ai": settings.ai.model_copy(update={"level": "act"})})
        report(run(preview_speed(acting, SAMPLES, rounds)))


@app.command()
def audit(
    rows: Annotated[int, typer.Option(min=1000, max=5_000_000, help="How long the chain is.")] = 200_000,
) -> None:
    """Append a long audit chain and let the independent verifier read it."""
    with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
        report(append_and_verify(Path(home) / "chain.db", rows))


@app.command()
def answers(
    folder: Annotated[Path, typer.Argument(help="A folder of policies.")],
    questions: Annotated[Path, typer.Option(help="Questions with the facts that answer them, JSON lines.")],
    part: Annotated[str, typer.Option(help="Only the questions of this part, such as held.")] = "",
    corpus: Annotated[str, typer.Option(help="Only the questions about this corpus, such as tts.")] = "",
    show: Annotated[bool, typer.Option(help="Print each question that went wrong, and what was said.")] = False,
) -> None:
    """
    Read a folder in, ask every question as an employee, and judge the answers (built-in model).

    Example:

      loket bench answers ../shared/data/tts-handbook/pages --questions ../shared/data/tts-questions-dev.jsonl
    """
    for file in (folder, questions):
        if not file.exists():
            raise ConfigError(f"{file} is not there")
    with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
        only = {key: value for key, value in (("part", part), ("corpus", corpus)) if value}
        judged = run(_answers(_in(home), folder, questions, only))
    report(rows_of_answers(judged))
    for one in judged if show else ():
        good = one.said if one.answerable else one.outcome == "not_found"
        if not good:
            print(f"\n{one.question_id} [{one.outcome}]{' right section' if one.place else ''}\n{one.text}")  # noqa: T201


async def _answers(settings: Settings, folder: Path, questions: Path, only: dict[str, str]) -> list[Judged]:
    async with working(settings, "loket bench answers") as counter:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Reading", total=None)
            await counter.library.ingest(
                folder, progress=lambda done, total, _name: progress.update(task, completed=done, total=total)
            )
            asking = progress.add_task("Asking", total=None)
            return await ask_all(
                counter,
                EMPLOYEES[1],
                questions,
                only=only,
                heard=lambda done, total: progress.update(asking, completed=done, total=total),
            )


@app.command("answer-check")
def answer_check(
    cases: Annotated[Path, typer.Option(help="A folder with answer_LANGUAGE_on_LANGUAGE.yaml.")] = ANSWERS,
    handbook: Annotated[Path, typer.Option(help="The documents the cases speak of.")] = SAMPLES,
) -> None:
    """Hold true and corrupted answers against their clauses: how many of each stay."""
    outcomes = [run_case(case) for case in written_cases(cases, handbook)]
    report([row for half in (TUNING, HELD_OUT) for row in rows_of([o for o in outcomes if o.case.half == half], half)])


@app.command("answer-rules")
def answer_rules(
    folder: Annotated[Path, typer.Argument(help="A folder of Markdown documents nobody tuned on.")],
) -> None:
    """The same on any documents: their sentences turned by rule, a little for true ones, in meaning for wrong ones."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not there")
    report(rows_of([run_case(case) for case in made_cases(folder)], folder.name))


async def _handbook(settings: Settings, folder: Path, questions: Path | None) -> list[Row]:
    async with working(settings, "loket bench handbook") as counter:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Reading", total=None)
            rows = await ingest_twice(
                counter.library, folder, lambda done, total, _name: progress.update(task, completed=done, total=total)
            )
        if questions is not None:
            rows += await search(counter.library, questions)
        return rows


async def _turns(settings: Settings, rounds: int) -> list[Row]:
    async with working(settings, "loket bench turns") as counter:
        await counter.library.ingest(SAMPLES)
        return await turn_speed(counter, EMPLOYEES, rounds)


def _in(home: str) -> Settings:
    """The settings of this place, but with an empty home and no language model: figures must compare."""
    settings = settings_for_a_person()
    ai = settings.ai.model_copy(update={"level": "extract"})
    agent = settings.agent.model_copy(update={"person_turns_per_hour": 100_000})
    return settings.model_copy(update={"home": Path(home), "ai": ai, "agent": agent})
