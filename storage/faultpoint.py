"""Named places at which a fault test may kill or pause a real process. Without a test they do nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

_hook: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Execution has come to the fault point `name`."""
    if _hook is not None:
        _hook(name)


class Committing(Protocol):
    """A transaction that calls back when it has committed."""

    after_commit: list[Callable[[], None]]


def around_commit(tx: Committing, name: str) -> None:
    """Two fault points: `name.before_commit` now, while nothing is kept yet, and `name.after_commit`."""
    if _hook is not None:
        _hook(f"{name}.before_commit")
        tx.after_commit.append(lambda: reached(f"{name}.after_commit"))


def install(hook: Callable[[str], None] | None) -> None:
    """Call `hook` at every fault point from now on; None takes it away. For fault tests only."""
    global _hook  # noqa: PLW0603 - one hook per process is the point
    _hook = hook
