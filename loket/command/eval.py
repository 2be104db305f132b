"""`loket eval`: run written cases through the real desk, and see what changed since the last time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from typer.core import TyperGroup

from core.errors import ConfigError, LoketError
from loket.command.insight import reader_of
from loket.command.running import looking, run, settings_for_a_person
from loket.evaluation.cases import Suite
from loket.evaluation.drawing import draw_run
from loket.evaluation.from_conversation import add_to, as_case, conversation
from loket.evaluation.history import LAST, History
from loket.evaluation.reading import read_suite
from loket.evaluation.report import Run, as_json, difference, line_of
from loket.evaluation.running import Watching, evaluate
from loket.home import Home
from loket.settings import Settings
from tools.loading import load_builtin

RUN = "run"
NO_RUN = "none"


class _RunIsUsual(TyperGroup):
    """`loket eval FILE` is `loket eval run FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the usual command in front unless another one, or help, is asked for."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [RUN, *args]
        return super().parse_args(ctx, args)


HELP = "Try questions on the desk before people do: loket eval FILE. The options: loket eval run --help."
app = typer.Typer(cls=_RunIsUsual, no_args_is_help=True, help=HELP)


@app.command(RUN)
def run_cases(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML files of cases; see docs/evaluate.md.")],
    against: Annotated[
        str, typer.Option(metavar="RUN", help="Compare with `last`, with a kept run's file, or with `none`.")
    ] = LAST,
    save: Annotated[bool, typer.Option("--save", help="Keep this run in LOKET_HOME/eval to compare with.")] = False,
    as_json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow: Annotated[int, typer.Option(min=0, help="How many cases may fail before the exit code is 1.")] = 0,
    handbook: Annotated[
        Path | None, typer.Option(help="A folder of policies instead of the one that the files name.")
    ] = None,
) -> None:
    """
    Run cases through the real desk, in a home that is thrown away: nothing live is read or changed. With a language
    model in the settings the model answers (and is paid for); otherwise the built-in one. Exit code 1 when more cases
    fail than --allow.

    Examples:

      loket eval cases.yaml --save

      loket eval cases.yaml --handbook drafts/2027 --against last
    """
    settings = settings_for_a_person()
    suites = _suites(files, handbook)
    history = History(Home(settings.home).folder / "eval")
    before = history.find(against, [suite.name for suite in suites]) if against != NO_RUN else None
    done = _run_all(settings, suites)
    changed = difference(done, before) if before else None
    if as_json_:
        sys.stdout.write(json.dumps(as_json(done, changed), ensure_ascii=False) + "\n")
    else:
        Console().print(draw_run(done, changed))
    if save:
        kept = history.save(done)
        Console(stderr=True).print(f"kept as {kept}", style="dim", markup=False, soft_wrap=True)
    raise typer.Exit(1 if len(done.failing) > allow else 0)


def _suites(files: Sequence[Path], handbook: Path | None) -> list[Suite]:
    if handbook is not None and not handbook.is_dir():
        raise ConfigError(f"{handbook} is no folder")
    tools = frozenset(load_builtin().names)
    suites = [read_suite(file, tools) for file in files]
    if handbook is None:
        return suites
    return [Suite(suite.name, suite.cases, handbook, suite.today) for suite in suites]


def _run_all(settings: Settings, suites: Sequence[Suite]) -> Run:
    cases = [case for suite in suites for case in suite.cases]
    ready = [case for case in cases if case.expected.anything]
    began, started = datetime.now(UTC), time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        reading = progress.add_task("Reading the handbook", total=None)
        asking = progress.add_task("Asking", total=len(ready))
        watching = Watching(
            reading=lambda what, done, total: progress.update(
                reading, description=what, completed=done, total=total or None
            ),
            asked=lambda: progress.advance(asking),
        )
        judged = run(evaluate(settings, suites, watching=watching, cache=Home(settings.home).folder / "eval" / "cache"))
    return Run(
        files=tuple(suite.name for suite in suites),
        at=began,
        seconds=time.perf_counter() - started,
        lines=tuple(map(line_of, judged)),
        unfinished=tuple(f"{case.file}:{case.line}" for case in cases if not case.expected.anything),
    )


@app.command()
def add(
    event: Annotated[str, typer.Argument(metavar="EVENT|last-bad", help="The event, or the newest bad opinion.")],
    file: Annotated[Path, typer.Option(help="The file of cases to add it to; begun when it is not there.")],
    as_: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Who adds it, such as E1009.")] = "",
) -> None:
    """
    Make a case of a real conversation: its words with personal numbers masked, the kind of colleague who asked, and
    what came. Say then in the file what should have come. What somebody called bad was said to be read; any other
    conversation needs --as somebody who may read what others asked.

    Examples:

      loket eval add last-bad --file cases.yaml

      loket eval add terminal:local:1a2b3c --file cases.yaml --as E1009
    """
    settings = settings_for_a_person()
    line = run(_add(settings, event, file, as_))
    console = Console()
    console.print(f"added as line {line} of {file}", markup=False, soft_wrap=True)
    console.print("Personal numbers are masked, names are not: read it, then say what should have come.", style="dim")


async def _add(settings: Settings, event: str, file: Path, employee_id: str) -> int:
    async with looking(settings) as counter:
        reader = await reader_of(counter, settings, employee_id)
        talk = await counter.database.read(lambda tx: conversation(tx, event))
        if reader is None and not talk.bad:
            raise LoketError(
                f"nobody called the reply to {event} bad; to read it all the same, say who you are with --as"
            )
        asker = await counter.directory.by_id(talk.employee_id)
        case = as_case(talk, asker, settings.agent.work_domains)
        return add_to(file, case, frozenset(counter.registry.names))
