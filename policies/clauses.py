"""A passage as the clauses that can be quoted: its sentences, each with what leads it in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.sentences import blocks, is_item, of_block

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence, exactly as `policies.sentences.sentences` gives it.

    `item`: it is (part of) a list item or table row; `lead` is then the place of the sentence that leads its list in
    ("You need:"), of the list's first item where nothing leads it in, and -1 for a clause that is no item. `title`: a
    heading inside the section, which says nothing by itself.
    """

    text: str
    item: bool = False
    lead: int = -1
    title: bool = False


def clauses(markdown: str) -> list[Clause]:
    """The clauses in order."""
    found: list[Clause] = []
    lead = -1
    for block in blocks(markdown):
        said = of_block(block)
        if not said:
            continue
        item = is_item(block)
        if item and lead < 0:
            lead = len(found)
        title = _HEADING.match(block) is not None
        found += [Clause(sentence, item, lead if item else -1, title) for sentence in said]
        if not item:
            lead = len(found) - 1 if said[-1].endswith((":", "…")) else -1
    return found
