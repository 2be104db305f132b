"""The embedded outside world for contract tests, with a clock that only moves when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.embedded import World


class Clock:
    """The time outside; `pass_` moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **amount: float) -> None:
        """Let some time go by, as `timedelta` takes it."""
        self.moment += timedelta(**amount)


def new_world(folder: Path) -> World:
    """A freshly seeded world in `folder`."""
    return World(folder / "world.sqlite", Clock(), folder / "notes")
