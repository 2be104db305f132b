"""Named places at which a test may kill or pause a real process. Without a test they do nothing."""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Execution has come to the fault point `name`."""
    if _hook is not None:
        _hook(name)


def install(hook: Callable[[str], None] | None) -> None:
    """Call `hook` at every fault point from now on; None takes it away. For fault tests only."""
    global _hook  # noqa: PLW0603 - one hook per process is the point
    _hook = hook
