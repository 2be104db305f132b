"""`loket bench`: measurements that anybody can repeat on their own machine."""

from __future__ import annotations

import typer

from loket.command.bench import answering, load, slack
from loket.command.bench.faults import faults
from loket.command.bench.overhead import overhead
from loket.command.bench.tools import tools

app = typer.Typer(no_args_is_help=True, help="Measure: how fast, and how often right.")
app.add_typer(answering.app)
app.command()(overhead)
app.add_typer(load.app, name="load")
app.add_typer(slack.app, name="slack")
app.command()(faults)
app.command()(tools)
