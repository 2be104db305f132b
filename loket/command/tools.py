"""`loket tools`: what the agent may do."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="What the agent may do.", no_args_is_help=True)


@app.command("list")
def show() -> None:
    """
    List all tools with their tier: read runs at once, write after the requester's yes, sensitive and critical after
    one and two approvers.

    Example:

      loket tools list
    """
    from loket.command.running import looking, run
    from loket.settings import read_settings

    async def work() -> Table:
        async with looking(read_settings()) as counter:
            off = await counter.gate.switched_off()
            table = Table("name", "tier", "who may ask", "what it does")
            for loaded in counter.registry.all():
                tool = loaded.tool
                tier = "off" if not loaded.enabled or {"*", tool.name} & set(off) else tool.risk.value
                who = ", ".join(sorted(tool.groups)) or "every employee"
                table.add_row(tool.name, tier, who, tool.description.splitlines()[0])
            return table

    Console().print(run(work()))
