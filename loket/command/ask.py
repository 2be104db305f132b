"""`loket ask`: one question, or a file of them, each in a conversation of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from core.errors import ConfigError, LoketError
from loket.command.running import employee_of, run, settings_for_a_person, warn_if_no_policies, working
from loket.desk.asking import THREAD, Answer, Asker
from loket.home import Home
from loket.settings import Settings
from loket.terminal.channel import TerminalChannel
from loket.terminal.drawing import draw_reply
from loket.terminal.live_screen import LiveScreen
from loket.words import SENTENCES

AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the input file; `problem` is set when it cannot be asked."""

    question_id: str
    question: str = ""
    employee_id: str = ""
    problem: str = ""


def ask(
    question: Annotated[str | None, typer.Argument(help="The question, in quotes.")] = None,
    as_: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="Who asks, such as E1002.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    batch: Annotated[Path | None, typer.Option(help='JSON lines {"id", "question", "as"?} to ask.')] = None,
    out: Annotated[Path | None, typer.Option(help="Where the answers of --batch go, one JSON line each.")] = None,
) -> None:
    """
    Ask one question and see the answer with the clause it rests on. Exit code 1 only when the turn itself failed;
    "I do not know" and "no" are answers.

    Examples:

      loket ask "How many days of leave do I get?" --as E1002

      loket ask "hoeveel verlof heb ik" --as E1001 --json

      loket ask --batch questions.jsonl --out answers.jsonl --as E1002
    """
    settings = _unhurried(settings_for_a_person())
    if batch is not None:
        if out is None or question is not None:
            raise ConfigError("--batch IN.jsonl goes with --out OUT.jsonl and without a question")
        run(_ask_all(settings, batch, out, as_))
        return
    if not question or not as_:
        raise ConfigError('a question needs its asker: loket ask "How much leave do I get?" --as E1002')
    # Shown on standard error, and only on a terminal: standard output has the answer and nothing else.
    answer = run(_ask_one(settings, question, as_, LiveScreen(Console(stderr=True))))
    if as_json:
        sys.stdout.write(json.dumps(answer.as_json(), ensure_ascii=False) + "\n")
    else:
        for reply in answer.turn.replies:
            Console().print(draw_reply(reply, SENTENCES))
    outcome = answer.turn.outcome
    raise typer.Exit(1 if outcome is None or outcome.value.startswith("failed_") else 0)


def _unhurried(settings: Settings) -> Settings:
    """Without the limit on one person's messages: here an operator asks, often many questions in one name."""
    return settings.model_copy(update={"agent": settings.agent.model_copy(update={"person_turns_per_hour": 10**6})})


async def _ask_one(settings: Settings, question: str, employee_id: str, screen: LiveScreen) -> Answer:
    channel = _printing(Home(settings.home))
    channel.watch(screen.watch)
    async with working(settings, "loket ask", channel, talks=True) as counter:
        await employee_of(counter, employee_id)
        await warn_if_no_policies(counter)
        try:
            return await Asker(counter, settings.agent.deadline_seconds + 30).ask(employee_id, question)
        finally:
            screen.clear()


async def _ask_all(settings: Settings, batch: Path, out: Path, employee_id: str) -> None:
    lines = _read(batch, employee_id)
    progress = Progress(console=Console(stderr=True))
    channel = _printing(Home(settings.home))
    async with working(settings, "loket ask --batch", channel, talks=True) as counter:
        await warn_if_no_policies(counter)
        asker = Asker(counter, settings.agent.deadline_seconds + 30)
        with _writable(out) as file, progress:
            task = progress.add_task("Asking", total=len(lines))
            async for answer in _in_order(asker, lines):
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")
                file.flush()
                progress.advance(task)


def _printing(home: Home) -> TerminalChannel:
    """A terminal in which the answers to these questions count as seen."""
    channel = TerminalChannel(home.rooms)
    channel.listen(lambda room, line: channel.saw(room) if (line.thread or "").startswith(THREAD) else None)
    return channel


def _writable(out: Path) -> TextIO:
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from error


async def _in_order(asker: Asker, lines: Iterable[_Line]) -> AsyncIterator[dict[str, Any]]:
    """A few at once, the answers in the order of the file."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(line: _Line) -> dict[str, Any]:
        if line.problem:
            return {"id": line.question_id, "error": line.problem}
        async with room:
            try:
                return (await asker.ask(line.employee_id, line.question, line.question_id)).as_json()
            except (LoketError, TimeoutError) as error:
                return {"id": line.question_id, "error": str(error) or "no answer in time"}

    tasks = [asyncio.create_task(one(line)) for line in lines]
    for task in tasks:
        yield await task


def _read(batch: Path, employee_id: str) -> list[_Line]:
    try:
        text = batch.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ConfigError(f"{batch} cannot be read: {error.strerror}") from error
    return [_parse(number, line, employee_id) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _parse(number: int, line: str, employee_id: str) -> _Line:
    try:
        values = json.loads(line)
    except ValueError:
        return _Line(f"line {number}", problem="the line is not JSON")
    if not isinstance(values, dict):
        return _Line(f"line {number}", problem="the line is not a JSON object")
    question_id = str(values.get("id", f"line {number}"))
    question, asker = values.get("question"), values.get("as") or employee_id
    if not isinstance(question, str) or not question.strip():
        return _Line(question_id, problem="there is no `question`")
    if not isinstance(asker, str) or not asker:
        return _Line(question_id, problem="nobody asks: give `as` in the line or --as EMPLOYEE")
    return _Line(question_id, question, asker)
