"""`loket bench overhead`: what a turn costs beside a plain agent, and beside the same agent in a workflow engine."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from core.errors import ConfigError
from loket.bench import Row
from loket.bench.overhead import CONTESTANTS, Measured, measure, measure_together, rows_of
from loket.bench.profiling import room_of
from loket.bench.servers.ending import ended_by_sigterm
from loket.bench.servers.postgres import PostgresMissing
from loket.command.bench.reporting import report

DATABASES = ("sqlite", "postgres")
SHOWN = 25


def overhead(
    turns: Annotated[int, typer.Option(min=10, max=10_000, help="How many turns a round has.")] = 300,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How many rounds each runs; one more warms up.")] = 5,
    database: Annotated[str, typer.Option(help="`sqlite`, `postgres` or both.")] = "both",
    processes: Annotated[int, typer.Option(min=0, max=16, help="So many of each at once as well; 0: not.")] = 3,
    profile: Annotated[
        bool, typer.Option(help="Print where Loket's time goes. Figures are then several times more.")
    ] = False,
) -> None:
    """
    CPU of a turn (one tool call, one answer), beside a LangChain agent and the same agent inside DBOS.

    The model is a stand-in that answers at once over HTTP. Postgres runs in a private cluster for each.
    """
    if importlib.util.find_spec("langchain") is None:
        raise ConfigError("what it is held against is not installed: `pip install loket[dev]`, or `make setup`")
    with (
        ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="loket-bench-") as folder,
        Progress(console=Console(stderr=True)) as bar,
    ):
        try:
            for name in DATABASES if database == "both" else (database,):
                task = bar.add_task(name, total=(rounds + 1) * len(CONTESTANTS))
                told = partial(bar.advance, task)
                measured = measure(name, Path(folder), turns, rounds, profile=profile, heard=told)
                report(rows_of(measured))  # at once: the whole takes a while
                if profile:
                    report(_places(measured[-1], turns * rounds))
            if processes and database != "sqlite":
                task = bar.add_task(f"{processes} at once", total=2 * len(CONTESTANTS))
                report(measure_together(Path(folder), turns, processes, partial(bar.advance, task)))
        except PostgresMissing as missing:
            bar.console.print(f"{missing}; the rest is left out")


def _places(one: Measured, turns: int) -> Sequence[Row]:
    """Rooms by what is spent in them, then the dearest functions."""
    rooms: dict[str, float] = {}
    for place, (seconds, _) in one.spent.items():
        rooms[room_of(place)] = rooms.get(room_of(place), 0.0) + seconds
    whole = sum(rooms.values())
    dear = sorted(rooms.items(), key=lambda item: -item[1])[:SHOWN]
    rows = [Row(f"{one.database}: {name}", f"{spent / whole:.1%}") for name, spent in dear]
    functions = sorted(one.spent.items(), key=lambda item: -item[1][0])[:SHOWN]
    rows += [
        Row(place, f"{spent / whole:.1%}", f"{calls / turns:.1f} calls a turn") for place, (spent, calls) in functions
    ]
    return rows
