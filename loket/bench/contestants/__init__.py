"""Three ways to answer the same question with the same model, to be measured side by side: `loket bench overhead`.

Each runs in a process of its own (`process.py`): a plain LangChain agent, the same agent inside a DBOS workflow, and
the whole counter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a contestant is given. `postgres`: the URL of an empty database; empty: SQLite files in `folder`.

    `number` tells processes on the same database apart; `alone` says that there is only one. `masks`: personal numbers
    are taken out of what the model sees, as they are for every model that is not on this machine.
    """

    llm_url: str
    folder: Path
    postgres: str = ""
    number: int = 1
    alone: bool = True
    masks: bool = False

    @property
    def plain_postgres(self) -> str:
        """The URL as psycopg reads it."""
        return self.postgres.replace("+psycopg", "", 1)


class Contestant(Protocol):
    """Answers questions, each in a conversation of its own."""

    async def open(self) -> None:
        """Make the tables, begin to work."""

    async def turn(self, turn_id: str) -> None:
        """Answer one question from start to end. Raises `WrongAnswer` when it ended otherwise than it should."""

    async def settle(self) -> None:
        """Wait until all that the turns so far led to is done."""

    async def close(self) -> None:
        """Stop, and give everything back."""


class WrongAnswer(Exception):
    """A turn that did not do the work: its cost may not be counted."""
