"""One measurement from the command line: a place prepared for it, a bar, a table, a line for a machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from loket.bench.load.figures import Figure, as_json
from loket.bench.load.service import Place, Shape, prepared
from loket.bench.servers.ending import ended_by_sigterm
from loket.command.bench.progress import Bar
from loket.command.bench.reporting import report
from loket.command.running import run

Measuring = Callable[[Place, Bar], Coroutine[Any, Any, list[Figure]]]


def measured(name: str, shape: Shape, measure: Measuring) -> None:
    """Measure in a place that goes afterwards, and print it. Exits with 1 where what must be nothing is not."""
    with (
        ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="loket-bench-") as folder,
        Progress(console=Console(stderr=True)) as progress,
        prepared(shape, Path(folder)) as place,
    ):
        figures = run(measure(place, Bar(progress)))
    report([figure.row for figure in figures])
    print(as_json(f"{name} on {shape.database}", figures))  # noqa: T201 - for a machine: no colours, no wrapping
    if any(figure.missed and figure.most == 0 for figure in figures):
        raise typer.Exit(1)


def database_of(sqlite: bool) -> str:
    """The word for the database."""
    return "sqlite" if sqlite else "postgres"
