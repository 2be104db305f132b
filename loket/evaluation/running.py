"""Runs cases: each in a conversation of its own, at a desk that has forgotten the one before."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import LoketError
from core.ports import Embedder
from loket.desk.asking import THREAD, Answer
from loket.evaluation.cases import Case, Suite
from loket.evaluation.desk import EvaluationDesk, Telling, evaluation_desk
from loket.evaluation.judging import Came, Judged, judge, text_of
from loket.settings import Settings

AT_ONCE = 4
"""How many cases are asked side by side, of different people, where a language model is waited for."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who hears how far a run is: `reading` while the handbook is read in, `asked` after each case."""

    reading: Telling = lambda _what, _done, _total: None
    asked: Callable[[], None] = lambda: None


async def evaluate(
    settings: Settings,
    suites: Sequence[Suite],
    *,
    embedder: Embedder | None = None,
    watching: Watching = Watching(),
    cache: Path | None = None,
) -> list[Judged]:
    """All cases of all suites, judged, in their order. Suites with the same handbook and day share one desk.

    `cache`: see `evaluation_desk`. Raises `ConfigError` when a handbook cannot be read. A turn that fails is a failed
    case.
    """
    judged: dict[int, list[Judged]] = {}
    rooms = {(suite.handbook, suite.today) for suite in suites}
    for handbook, today in sorted(rooms, key=str):
        telling = watching.reading
        async with evaluation_desk(settings, handbook, today, embedder=embedder, telling=telling, cache=cache) as desk:
            for number, suite in enumerate(suites):
                if (suite.handbook, suite.today) == (handbook, today):
                    judged[number] = await _run(desk, suite.cases, watching.asked, _at_once(settings))
    return [one for number in range(len(suites)) for one in judged[number]]


def _at_once(settings: Settings) -> int:
    """The built-in model keeps a core busy: side by side it is no faster, and each turn's time says less."""
    return AT_ONCE if settings.llm.is_set and settings.ai.level != "extract" else 1


async def _run(desk: EvaluationDesk, cases: Sequence[Case], asked: Callable[[], None], at_once: int) -> list[Judged]:
    found: dict[int, Judged] = {}

    async def one(number: int, case: Case) -> None:
        found[number] = await _ask(desk, case)
        asked()

    for batch in _batches([(number, case) for number, case in enumerate(cases) if case.expected.anything], at_once):
        await asyncio.gather(*(one(number, case) for number, case in batch))
        await desk.forget()
    return [found[number] for number in sorted(found)]


def _batches(cases: Iterable[tuple[int, Case]], at_once: int) -> Iterator[list[tuple[int, Case]]]:
    """A few at a time, in their order, never two of one person: they would meet each other's drafts."""
    batch: list[tuple[int, Case]] = []
    for number, case in cases:
        if len(batch) == at_once or any(case.asker == other.asker for _, other in batch):
            yield batch
            batch = []
        batch.append((number, case))
    if batch:
        yield batch


async def _ask(desk: EvaluationDesk, case: Case) -> Judged:
    thread = f"{THREAD}{uuid.uuid4().hex}"
    try:
        employee_id = await desk.employee(case.asker)
        for message in case.talk:
            answer = await desk.asker.ask(employee_id, message, case.key, thread)
    except (LoketError, TimeoutError) as error:
        return judge(case, Came(None, error=str(error) or "no answer in time"))
    return judge(case, _came(answer), answer.turn.citations)


def _came(answer: Answer) -> Came:
    turn = answer.turn
    return Came(
        outcome=turn.outcome,
        text=text_of(turn.replies),
        language=turn.language,
        cited=tuple(dict.fromkeys(f"{citation.path}#{citation.heading}" for citation in turn.citations)),
        tools=tuple(dict.fromkeys((*turn.tools, *(action.tool for action in answer.actions)))),
        model=turn.model,
        ms=answer.ms,
    )
