"""The clauses of a passage, each with what stands around it: its heading, the lead-in of its list, its table's head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.answer_figures import Figure
from agent.answer_meaning import Keys
from agent.answer_reading import Glance, Reading, glance, read
from policies.sentences import sentences

_ITEM = re.compile(r"^\s{0,12}(?:[-*+]|\d{1,3}[.)]|[a-z][.)°])\s")
_RULE_LINE = re.compile(r"^[\s|:\-=+]*$")

TOGETHER = 2
"""How many sentences behind one may carry an answer's sentence together with it."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a sentence may rest on: one clause, or some that stand together. `quote` is verbatim, `text` may have the
    lead-in of the list or the names of the table's columns with it."""

    quote: str
    text: str
    language: str
    around: Reading
    members: tuple[Glance, ...]
    keys: Keys
    in_table: bool = False

    @property
    def reading(self) -> Reading:
        """The clause taken apart."""
        return read(self.text, self.language)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Its figures, without the limits that only the whole text shows."""
        return tuple(figure for member in self.members for figure in member.figures)

    @property
    def length(self) -> int:
        """Its telling words."""
        return sum(len(member.words) for member in self.members)

    @property
    def label(self) -> Reading | None:
        """What a table's row is about; none outside tables."""
        return read(self.text.split(";")[0].partition(":")[2], self.language) if self.in_table else None


@dataclass(frozen=True, slots=True)
class SourceText:
    """A passage taken apart."""

    quotes: tuple[str, ...]
    clauses: tuple[Clause, ...]
    keys: Keys
    text: str


@lru_cache(maxsize=256)
def take_apart(text: str, heading: str, language: str) -> SourceText:
    """All clauses of a passage: each sentence, each with the one or two behind it, each list item with its lead-in."""
    quotes = tuple(sentences(text))
    lead_ins, rows = _lead_ins(text), _rows(text)
    around = read(heading, language)

    def clause(quote: str, texts: Sequence[str], in_table: bool = False) -> Clause:
        members = tuple(glance(one, language) for one in texts)
        keys = frozenset().union(*(member.keys for member in members))
        return Clause(quote, " ".join(texts), language, around, members, keys, in_table)

    found: list[Clause] = []
    for index, quote in enumerate(quotes):
        if quote in rows:
            found.append(clause(quote, [rows[quote]], in_table=True))
            continue
        if lead_in := lead_ins.get(quote):
            found.append(clause(quote, [f"{lead_in} {quote}"]))
            continue
        found.append(clause(quote, [quote]))
        behind = [other for other in quotes[index + 1 : index + 1 + TOGETHER] if other not in rows]
        found += [clause(quote, [quote, *behind[:count]]) for count in range(1, len(behind) + 1)]
    found += [clause(items[0], [lead, *items]) for lead, items in _lists(lead_ins).items()]
    keys = frozenset().union(around.keys, *(one.keys for one in found))
    return SourceText(quotes, tuple(found), keys, f"{heading} {text}".lower())


def _lead_ins(text: str) -> dict[str, str]:
    """For each list item the sentence that leads into its list."""
    found: dict[str, str] = {}
    lead = ""
    for line in text.split("\n"):
        if _ITEM.match(line):
            if lead and (item := sentences(line)):
                found[item[0]] = lead
        elif line.strip():
            last = sentences(line)[-1:]
            lead = last[0] if last and last[0].endswith(":") else ""
    return found


def _lists(lead_ins: dict[str, str]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for item, lead in lead_ins.items():
        lists.setdefault(lead, []).append(item)
    return lists


def _rows(text: str) -> dict[str, str]:
    """For each row of a table the same row with the names of its columns."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text.split("\n"):
        if not line.lstrip().startswith("|"):
            names = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if _RULE_LINE.match(line):
            continue
        if not names:
            names = cells
        elif row := sentences(line):
            pairs = zip(names, cells, strict=False)
            label = cells[0] if cells else ""
            found[row[0]] = "; ".join(
                f"{name}: {cell}" if place == 0 else f"{label} {name}: {cell}"
                for place, (name, cell) in enumerate(pairs)
            )
    return found
