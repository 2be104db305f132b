"""A passage as the clauses that can be quoted: its sentences, each with what leads it in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from policies.cleaning import plain
from policies.sentences import blocks, is_item, of_block

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")


_RULE_LINE = re.compile(r"^[\s|:\-]*$")


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence, exactly as `policies.sentences.sentences` gives it.

    `item`: it is (part of) a list item or table row; `lead` is then the place of the sentence that leads its list in
    ("You need:"), of the list's first item where nothing leads it in, and -1 for a clause that is no item. `title`: a
    heading inside the section, or the names of a table's columns: they say nothing by themselves. `row`: a table row
    as one says it, each cell with the name of its column. `goes_on`: it follows another sentence of its paragraph.
    """

    text: str
    item: bool = False
    lead: int = -1
    title: bool = False
    row: str = ""
    goes_on: bool = False

    @property
    def said(self) -> str:
        """The clause as it is read aloud."""
        return self.row or self.text


def clauses(markdown: str) -> list[Clause]:
    """The clauses in order."""
    found: list[Clause] = []
    lead = -1
    columns: list[str] = []
    for block in blocks(markdown):
        said = of_block(block)
        if not said:
            continue
        table = block.lstrip().startswith("|")
        if table:
            found += _of_table(said, _cells(block), columns, len(found))
            columns, lead = columns or _cells(block), -1
            continue
        columns = []
        item = is_item(block)
        if item and lead < 0:
            lead = len(found)
        title = _HEADING.match(block) is not None
        leads = lead if item else -1
        found += [Clause(sentence, item, leads, title, goes_on=at > 0) for at, sentence in enumerate(said)]
        if not item:
            lead = len(found) - 1 if said[-1].endswith((":", "…")) else -1
    return found


def _of_table(said: Sequence[str], cells: Sequence[str], columns: Sequence[str], place: int) -> list[Clause]:
    """A row; the first of a table names the columns. A row stands by itself: it is its own list."""
    if not columns:
        return [Clause(sentence, title=True) for sentence in said]
    named = [f"{name}: {cell}" if name else cell for name, cell in zip(columns, cells, strict=False) if cell]
    row = "; ".join(named)
    return [Clause(sentence, True, place + at, row=row if len(said) == 1 else "") for at, sentence in enumerate(said)]


def _cells(block: str) -> list[str]:
    line = next((line for line in block.split("\n") if line.strip() and not _RULE_LINE.match(line)), "")
    return [" ".join(plain(cell).split()) for cell in line.strip().strip("|").split("|")]
