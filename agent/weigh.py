"""Between the check and the reply: an owner's own answer outranks the search, and texts that differ are both shown.

Code does this from what was found, the same for the built-in model and for any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agent.answer_check import Supported
from agent.conflicts import Conflict, Conflicts
from agent.parts import TurnParts
from agent.state import Gathered, TurnState
from core.plain_text import visible
from policies.sentences import sentences


class Weigh:
    """Changes what is kept only by rules about the texts; nothing that a model wrote counts here."""

    def __init__(self, parts: TurnParts) -> None:
        self._conflicts = Conflicts(parts.meaning)

    async def __call__(self, state: TurnState) -> TurnState:
        """The clauses that are said, owners' answers first, and the conflicts among what they rest on."""
        gathered = state["gathered"]
        kept = _with_own_answers(state["kept"], gathered)
        if not kept:
            return {"kept": kept, "conflicts": ()}
        question = state["asked"].message.text
        found = await asyncio.to_thread(self._conflicts.find, question, kept, gathered.passages)
        kept, found = _higher_first(kept, found)
        return {"kept": kept, "conflicts": tuple(found)}


def _with_own_answers(kept: Sequence[Supported], gathered: Gathered) -> tuple[Supported, ...]:
    """An owner's answer stands whole, word for word; other passages of the same search are not said beside it."""
    own: list[Supported] = []
    replaced: set[int] = set()
    number = 0
    for found in gathered.found:
        numbers = range(number + 1, number + 1 + len(found.passages))
        number += len(found.passages)
        for at, passage in zip(numbers, found.passages, strict=True):
            if passage.outranks:
                own += [Supported(clause, at, clause) for clause in sentences(visible(passage.text))]
                replaced.update(numbers)
    return (*dict.fromkeys(own), *(one for one in kept if one.number not in replaced))


def _higher_first(kept: Sequence[Supported], found: Sequence[Conflict]) -> tuple[tuple[Supported, ...], list[Conflict]]:
    """Where the text that goes first is not the one the answer rests on, it takes the place in front."""
    first: list[Supported] = []
    turned: list[Conflict] = []
    for one in found:
        if one.holds == one.other_number:
            first.append(Supported(one.other_clause, one.other_number, one.other_clause))
            one = replace(  # noqa: PLW2901 - the same conflict, told from its other side
                one,
                number=one.other_number,
                clause=one.other_clause,
                other_number=one.number,
                other_clause=one.clause,
            )
        turned.append(one)
    behind = [one for one in kept if one not in first]
    return tuple(dict.fromkeys([*first, *behind])), turned
