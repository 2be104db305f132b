"""How turns ended: how many in each way, whether that helped, and who should look at it. Counts only, no words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent.tables import turns
from core.outcomes import MEANINGS, Outcome, OutcomeMeaning
from storage import Tx


@dataclass(frozen=True, slots=True)
class Ending:
    """One way to end, with the number of turns that ended so."""

    outcome: Outcome
    turns: int

    @property
    def meaning(self) -> OutcomeMeaning:
        """What this outcome says to whoever looks after the answers."""
        return MEANINGS[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """The outcome with its meaning, as plain values."""
        meaning = self.meaning
        return {
            "outcome": self.outcome.value,
            "turns": self.turns,
            "label": meaning.label,
            "helped": meaning.helped,
            "look": meaning.look,
        }


def endings(tx: Tx, since: datetime) -> list[Ending]:
    """Every outcome there was since then, the most frequent first."""
    counted = sa.select(turns.c.outcome, sa.func.count().label("turns")).where(turns.c.at >= since)
    rows = tx.execute(counted.group_by(turns.c.outcome)).all()
    return sorted((Ending(Outcome(row.outcome), row.turns) for row in rows), key=lambda one: (-one.turns, one.outcome))


def helped(found: list[Ending]) -> int:
    """How many of these turns ended in a way that helps."""
    return sum(one.turns for one in found if one.meaning.helped)
