"""Every tool in one table: where it is from, which version, how strict, and whether it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from core.errors import ConfigError
from loket.counter import Counter
from storage import Tx
from tools.added import versions
from tools.added.document import ToolDocument
from tools.added.versions import InForce, Version

EVERYBODY = "everybody"
_WIDE = 110
"""Columns from which a terminal has room for what a tool does, on its one line."""
DRIFTED = "drift"
"""How the reason begins of a tool that the watch over sources switched off."""


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    origin: str
    version: str
    tier: str
    who: str
    state: str
    what: str


async def table_of(counter: Counter, width: int) -> Table:
    """The built-in tools as they are, then the added ones, in force or not; `width` is that of the terminal."""
    off = await counter.gate.switched_off()
    built_in = set(counter.registry.built_in)
    rows = []
    for loaded in counter.registry.all():
        tool = loaded.tool
        if tool.name not in built_in:
            continue
        state = "on" if loaded.enabled and not {"*", tool.name} & set(off) else "off"
        who = ", ".join(sorted(tool.groups)) or EVERYBODY
        rows.append(_Row(tool.name, "built in", "", tool.risk.value, who, state, tool.description.splitlines()[0]))
    rows += await counter.database.read(lambda tx: _added(tx, off))
    table = Table("name", "from", "version", "tier", "state", "who may ask")
    table.columns[0].no_wrap = True  # it is typed into the next command, so it is never cut
    if width >= _WIDE:
        table.add_column("what it does", no_wrap=True, overflow="ellipsis", ratio=1)
        table.expand = True
    for row in rows:
        cells = (row.name, row.origin, row.version, row.tier, row.state, row.who, row.what)
        table.add_row(*(Text(cell) for cell in cells[: len(table.columns)]))
    return table


def _added(tx: Tx, off: Mapping[str, str]) -> list[_Row]:
    in_force = versions.in_force(tx)
    rows = []
    for name in versions.names(tx):
        state, newest = in_force.get(name, InForce()), versions.newest(tx, name)
        for release in state.releases:
            row = versions.version(tx, name, release.number)
            to = "in force" if release.audience.is_everybody else f"canary: {release.audience.words()}"
            rows.append(_row(row, name, _off(name, off) or to))
        if newest is not None and all(one.number < newest.number for one in state.releases):
            rows.append(_row(newest, name, _draft_state(tx, newest)))
    return rows


def _off(name: str, off: Mapping[str, str]) -> str:
    if "*" in off:
        return "off (everything)"
    if name not in off:
        return ""
    return "drifted" if off[name].startswith(DRIFTED) else "off"


def _draft_state(tx: Tx, version: Version) -> str:
    check = versions.check_of(tx, version.name, version.hash)
    if any(one.number == version.number for one in versions.releases(tx, version.name)):
        return "retired"
    if check is None:
        return "draft"
    return "checked, waits for release" if check.passed else "draft, check failed"


def _row(version: Version | None, name: str, state: str) -> _Row:
    try:
        document: ToolDocument | None = version.read() if version else None
    except ConfigError:
        document = None
    if version is None or document is None:
        return _Row(name, "?", "?", "?", "?", "changed in the table: does not run", "")
    who = ", ".join(document.groups) or EVERYBODY
    told = document.description.splitlines()[0]
    return _Row(name, document.kind, str(version.number), document.risk.value, who, state, told)
