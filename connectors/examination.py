"""What a look at an outside system found: read-only, for `loket doctor` and for nobody's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at. `advice` says what to change if it is not good; not `fatal`: work goes on."""

    what: str
    good: bool
    detail: str
    advice: str = ""
    fatal: bool = True


class Examined(Protocol):
    """An outside system that `loket doctor` can look at."""

    @property
    def name(self) -> str:
        """What people call it."""

    async def examine(self) -> Sequence[Seen]:
        """What a look found. It signs in at most once, changes nothing and sends nothing; no detail holds a secret."""


class Outside(Examined, Protocol):
    """A real system: looked at by doctor, asked for its powers at the start, closed at the end."""

    async def powers(self) -> Sequence[str]:
        """What the account it is asked with can change."""

    async def close(self) -> None:
        """Give back connections and threads."""
