"""`loket bench load`: the service's own processes under load, and what the database says afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from loket.bench.load.arrivals import Arrival
from loket.bench.load.figures import Figure, Targets, figures_of, figures_of_waiting
from loket.bench.load.people import add_staff
from loket.bench.load.plans import burst, conversations, steady
from loket.bench.load.running import run_plan
from loket.bench.load.service import Place, Shape
from loket.bench.load.waiting import measure_waiting
from loket.bench.servers.ending import ended_by_sigterm
from loket.command.bench.measuring import database_of, measured
from loket.command.bench.progress import Bar
from loket.command.bench.reporting import report
from loket.command.running import run

PEOPLE = 200
CLICKS = 50
REST_SECONDS = 60

app = typer.Typer(no_args_is_help=True, help="The service under load: its own processes, a model that takes its time.")

Sqlite = Annotated[bool, typer.Option("--sqlite", help="One process on SQLite, instead of roles on Postgres.")]
Agents = Annotated[int, typer.Option(min=1, max=16, help="How many processes think (Postgres).")]
LlmMs = Annotated[int, typer.Option(min=0, max=60_000, help="How long the model takes for each call.")]
Rate = Annotated[float, typer.Option(min=0.1, max=5_000, help="Events a second.")]
Seconds = Annotated[int, typer.Option(min=5, max=86_400, help="For how long.")]


@app.command("steady")
def steady_load(
    rate: Rate = 50, seconds: Seconds = 600, sqlite: Sqlite = False, agents: Agents = 1, llm_ms: LlmMs = 300
) -> None:
    """Events at a steady rate, each in a conversation of its own."""
    targets = Targets(acknowledged_p99=100)
    _plan("steady", Shape(database_of(sqlite), agents, llm_ms), targets, lambda people: steady(people, rate, seconds))


@app.command("burst")
def burst_load(
    rate: Rate = 300, seconds: Seconds = 60, sqlite: Sqlite = False, agents: Agents = 1, llm_ms: LlmMs = 300
) -> None:
    """A burst in which every event is delivered twice."""
    targets = Targets(acknowledged_p99=1000, backlog=300)
    _plan("burst", Shape(database_of(sqlite), agents, llm_ms), targets, lambda people: burst(people, rate, seconds))


@app.command("conversations")
def open_conversations(
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many conversations stay open.")] = 2_000,
    rate: Rate = 30,
    seconds: Seconds = 300,
    sqlite: Sqlite = False,
    agents: Agents = 1,
    llm_ms: LlmMs = 1_000,
) -> None:
    """Many conversations that stay open, and go on in turn."""
    targets = Targets(sign_p95=2000, memory=1024)
    shape = Shape(database_of(sqlite), agents, llm_ms)
    _plan("conversations", shape, targets, lambda people: conversations(people, count, rate, seconds), people=count)


@app.command("soak")
def soak(
    rate: Rate = 20, seconds: Seconds = 1_200, sqlite: Sqlite = False, agents: Agents = 1, llm_ms: LlmMs = 300
) -> None:
    """A long steady load: does memory, do files, do connections grow?"""
    targets = Targets(growth=0.05)
    _plan("soak", Shape(database_of(sqlite), agents, llm_ms), targets, lambda people: steady(people, rate, seconds))


@app.command("waiting")
def waiting(
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many actions wait for an approver.")] = 10_000,
    clicks: Annotated[int, typer.Option(min=1, max=1_000, help="How many of them are approved.")] = CLICKS,
    rest: Annotated[int, typer.Option(min=5, max=3_600, help="Seconds at rest that are measured.")] = REST_SECONDS,
    sqlite: Sqlite = False,
) -> None:
    """Actions that wait: memory and CPU at rest without and with them, and how soon a click is carried out."""

    async def measure(place: Place, bar: Bar) -> list[Figure]:
        return figures_of_waiting(await measure_waiting(place, count, clicks, rest, bar), count)

    measured("waiting", Shape(database_of(sqlite)), measure)


@app.command("intake")
def intake(
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How often each way is measured.")] = 4,
    events: Annotated[int, typer.Option(min=50, max=10_000, help="Events of one round, each delivered twice.")] = 600,
) -> None:
    """What taking a message in costs, stored one by one or together, and what a full collection of garbage does."""
    from loket.bench.intake import measure_collection, measure_intake

    with ended_by_sigterm(), tempfile.TemporaryDirectory(prefix="loket-bench-") as folder:
        rows = run(measure_intake(Path(folder), rounds, events))
    report([*rows, *measure_collection()])


Planned = Callable[[Sequence[str]], Sequence[Arrival]]


def _plan(name: str, shape: Shape, targets: Targets, planned: Planned, people: int = PEOPLE) -> None:
    async def measure(place: Place, bar: Bar) -> list[Figure]:
        staff = add_staff(place.world(), people)
        return figures_of(await run_plan(place, staff, planned(staff), bar), targets)

    measured(name, shape, measure)
