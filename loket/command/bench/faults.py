"""`loket bench faults`: kill and pause the service at every named point, and have each run audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from loket.bench.faults import Run, rows_of, run, summary
from loket.command.bench.reporting import report

Arrangements = Annotated[list[str], typer.Option(help="`sqlite`, `postgres-1`, `postgres-3`; all without it.")]


def faults(
    arrangement: Arrangements = [],  # noqa: B006 - Typer's way to say "none given"
    points: Annotated[list[str], typer.Option(help="Only points (or bugs) whose names begin so.")] = [],  # noqa: B006
    sample: Annotated[int, typer.Option(min=0, help="So many runs, drawn with the seed; 0: all.")] = 0,
    seed: Annotated[int, typer.Option(help="What the sample is drawn with.")] = 1,
    planted: Annotated[bool, typer.Option(help="Plant bugs instead; each must be found.")] = False,
    out: Annotated[Path | None, typer.Option(help="Append the result to this file, as a line of JSON.")] = None,
) -> None:
    """
    Kill (SIGKILL) and pause (SIGSTOP) real processes at every fault point; an auditor decides what each run is worth.

    SQLite with one process, a private Postgres with one and with three. Needs a checkout. Ends with 1 when a run was
    not clean.
    """
    arguments = [
        *(part for one in arrangement for part in ("--arrangement", one)),
        *(part for one in points for part in ("--points", one)),
        *("--sample", str(sample), "--seed", str(seed)),
        *(["--planted"] if planted else []),
    ]
    runs: list[Run] = []
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("bugs" if planted else "runs", total=None)
        for one in run(arguments, lambda count: bar.update(task, total=count)):
            runs.append(one)
            bar.advance(task)
            if not one.is_clean:
                bar.console.print(f"{one.arrangement}: {one.faults}: {'; '.join(one.problems)}", markup=False)
    report(rows_of(runs))
    if out is not None:
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seed": seed, "planted": planted, **summary(runs)}) + "\n")
    if not all(one.is_clean for one in runs):
        raise typer.Exit(1)
