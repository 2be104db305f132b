"""How a measurement is shown: one line for each figure, beside what it was held against."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from loket.bench import Row


def report(rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
    table = Table("measured", "figure", "target", box=None)
    for row in rows:
        table.add_row(row.what, row.figure, row.target)
    Console(width=140).print(table)
