"""`loket bench tools`: what it costs when admins have added very many tools, and whether the right one is found."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.errors import ConfigError
from loket.bench.tools import Result, Tools, built_in, choosing_costs, drawn, left_out, new_tools, turn_costs
from loket.command.bench.reporting import report
from loket.command.running import run, settings_for_a_person, working
from loket.outside.models import embedder_of
from loket.settings import Settings

HERE = Path(__file__).resolve().parents[3]
SAMPLES, QUALITY = HERE / "policies" / "samples", HERE / "tests" / "quality"
EMPLOYEE = "E1002"
MISSES = 15


def tools(
    count: Annotated[int, typer.Option(min=1, max=202, help="How many tools are added.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How often each question is asked.")] = 3,
    turns: Annotated[bool, typer.Option(help="Time whole turns as well.")] = True,
) -> None:
    """
    Register many plausible tools: time the choice and a turn with and without, and ask what was left out.

    Ends with one line of JSON that holds all figures.
    """
    if not QUALITY.is_dir():
        raise ConfigError("the messages to ask are not there: run this from a checkout")
    result, settings = Result(), settings_for_a_person()
    many, model = Tools.made(count), built_in(embedder_of(settings, threads=2), SAMPLES)
    choosing_costs(model, many, rounds, result)
    if turns:
        with tempfile.TemporaryDirectory(prefix="loket-bench-") as home:
            run(_turns(settings, Path(home), count, rounds, result))
    missed = left_out(model, many, SAMPLES, result)
    drawn(model, many, QUALITY, result)
    new_tools(model, many, SAMPLES, result)
    report(result.rows)
    err = Console(stderr=True)
    for miss, times in missed.most_common(MISSES):
        err.print(f"{times:3} × {miss}")
    print(json.dumps(result.figures))  # noqa: T201 - for another program


async def _turns(settings: Settings, home: Path, count: int, rounds: int, result: Result) -> None:
    ai = settings.ai.model_copy(update={"level": "extract"})
    agent = settings.agent.model_copy(update={"person_turns_per_hour": 100_000})
    here = settings.model_copy(update={"home": home, "ai": ai, "agent": agent})
    async with working(here, "loket bench tools") as counter:
        await counter.library.ingest(SAMPLES)
        await turn_costs(counter, EMPLOYEE, count, rounds, result)
