"""A run as rich draws it in a terminal. Pure: a run in, something to print out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loket.evaluation.report import Difference, Line, Run, Share, median_ms

MEASURES = (
    ("passed", "cases with nothing amiss"),
    ("target", "right clause or tool"),
    ("outcome", "accepted outcome"),
    ("language", "language of the reply"),
)


def draw_run(run: Run, changed: Difference | None) -> RenderableType:
    """Failing cases first, then what changed, then the totals: the last lines are what stays on the screen."""
    parts: list[RenderableType] = []
    if run.failing:
        parts += [_failing(run.failing), Text()]
    parts += [_shares("by tag", run.by_tag), Text(), _shares("by outcome that came", run.by_outcome), Text()]
    if changed is not None:
        parts += [_changed(changed), Text()]
    parts.append(_totals(run))
    for place in run.unfinished:
        parts.append(Text(f"not run: {place} expects nothing yet; fill it in", style="yellow"))
    return Group(*parts)


def _failing(lines: Sequence[Line]) -> Table:
    table = Table(
        "where", "who and what", "what is amiss", title="Failing cases", title_justify="left", show_lines=True
    )
    for line in lines:
        said = Text(f"{line.asker}: ", style="bold").append(line.question, style="not bold")
        if line.note:
            said.append(f"\n{line.note}", style="dim italic")
        table.add_row(Text(line.place), said, Text("\n".join(line.failures)))
    return table


def _shares(title: str, shares: Mapping[str, Share]) -> Table:
    table = Table(title, "passed", "share", "95 % interval", box=None)
    for name, share in shares.items():
        low, high = share.interval
        table.add_row(Text(name), f"{share.right} of {share.of}", f"{share.value:.2f}", f"{low:.2f} to {high:.2f}")
    return table


def _changed(changed: Difference) -> RenderableType:
    rows: list[RenderableType] = [Text(f"Since the run of {changed.since:%Y-%m-%d %H:%M} UTC", style="bold")]
    for what, lines, style in (
        ("newly failing", changed.newly_failing, "red"),
        ("newly passing", changed.newly_passing, "green"),
    ):
        rows += [Text(f"  {what}: {line.place} {line.asker}: {line.question}", style=style) for line in lines]
    if not changed.newly_failing and not changed.newly_passing:
        rows.append(Text("  no case changed"))
    if changed.new or changed.gone:
        rows.append(Text(f"  {changed.new} new cases, {changed.gone} no longer there"))
    return Group(*rows)


def _totals(run: Run) -> Table:
    models = sorted({line.model for line in run.lines if line.model})
    pace = f"{len(run.lines)} cases in {run.seconds:.0f} s, middle turn {median_ms(run.lines)} ms"
    table = Table("total", "right", "share", "95 % interval", box=None, caption=f"{pace}; {', '.join(models)}")
    table.caption_justify = "left"
    for name, what in MEASURES:
        share: Share = getattr(run, name)
        low, high = share.interval
        table.add_row(what, f"{share.right} of {share.of}", f"{share.value:.2f}", f"{low:.2f} to {high:.2f}")
    return table
