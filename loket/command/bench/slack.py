"""`loket bench slack`: Slack in front of the service's own processes, under load."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Annotated

import typer

from loket.bench.load.figures import Figure
from loket.bench.load.service import Place, Shape, read_in
from loket.command.bench.measuring import database_of, measured
from loket.command.bench.progress import Bar

SAMPLES = Path(__file__).resolve().parents[3] / "policies" / "samples"
ABOUT_LEAVE = ("leave-2026.md", "parental-leave.md", "sickness-2026.md")
ANSWERS_AT_ONCE = 48

app = typer.Typer(no_args_is_help=True, help="A simulated Slack before the service's own processes.")

Sqlite = Annotated[bool, typer.Option("--sqlite", help="One process on SQLite, instead of roles on Postgres.")]


@app.command("growing")
def growing(
    rate: Annotated[float, typer.Option(min=0.1, max=1_000, help="Events a second.")] = 50,
    seconds: Annotated[int, typer.Option(min=5, max=150, help="For how long.")] = 60,
    streams: Annotated[int, typer.Option(min=0, max=500, help="How many answers grow meanwhile.")] = 200,
    apart_ms: Annotated[int, typer.Option(min=100, max=60_000, help="How far apart their sentences come.")] = 4_000,
    llm_ms: Annotated[int, typer.Option(min=0, max=60_000, help="How long the model takes for each call.")] = 300,
    echo: Annotated[bool, typer.Option("--echo", help="What the app writes comes back to it as events.")] = False,
    sqlite: Sqlite = False,
) -> None:
    """Events at a steady rate while many answers grow: how soon is each acknowledged?"""
    # Not at the top: no other command should wait for a Slack to be loaded, least of all `loket serve`.
    from loket.bench.slack.figures import figures_of, how_it_was_made
    from loket.bench.slack.growing import OPEN_SECONDS, OPENING_SECONDS, Load, measure_growing

    load = Load(rate, seconds, streams, echo)
    lasting = OPENING_SECONDS + OPEN_SECONDS + seconds
    shape = Shape(database_of(sqlite), 1, llm_ms, math.ceil(lasting * 1000 / apart_ms), apart_ms)

    async def measure(place: Place, bar: Bar) -> list[Figure]:
        bar("reading the handbook", 0, 1)
        read_in(place, _handbook(place.folder / "handbook"))
        place.settings |= {
            "LOKET_AI_CALL_SECONDS": "300",
            "LOKET_LLM_TIMEOUT_SECONDS": "300",
            "LOKET_AGENT_DEADLINE_SECONDS": "600",
            "LOKET_SERVE_TURNS_AT_ONCE": str(streams + ANSWERS_AT_ONCE),
        }
        grown = await measure_growing(place, load, bar)
        typer.echo(how_it_was_made(grown, load), err=True)
        for what, count in {**grown.accounts.failed, **grown.accounts.outcomes}.items():
            typer.echo(f"{what}: {count}", err=True)
        return figures_of(grown, load)

    measured("slack growing", shape, measure)


@app.command("clicks")
def clicks(
    count: Annotated[int, typer.Option(min=1, max=1_000, help="How many actions are approved.")] = 50,
    every: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds between two clicks.")] = 0.5,
    sqlite: Sqlite = False,
) -> None:
    """Actions asked for in Slack, then approved: how soon do all cards show it?"""
    from loket.bench.slack.clicking import measure_clicks
    from loket.bench.slack.figures import figures_of_clicks

    async def measure(place: Place, bar: Bar) -> list[Figure]:
        return figures_of_clicks(await measure_clicks(place, count, every, bar))

    measured("slack clicks", Shape(database_of(sqlite)), measure)


def _handbook(folder: Path) -> Path:
    """What the long answers are about, and no more: reading in is not what is measured."""
    folder.mkdir()
    for name in ABOUT_LEAVE:
        shutil.copy(SAMPLES / name, folder / name)
    return folder
