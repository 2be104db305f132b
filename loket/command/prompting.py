"""Questions at the terminal that Ctrl-C ends at once, also while a counter is open around them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def typed(text: str, default: str = "") -> str:
    """What somebody types, `default` for a bare return. Ctrl-C raises `typer.Abort`."""
    with _interruptible():
        return str(typer.prompt(text, default=default, show_default=bool(default)))


def agreed(text: str) -> bool:
    """Whether somebody says yes. Ctrl-C raises `typer.Abort`."""
    with _interruptible():
        return typer.confirm(text)


@contextmanager
def _interruptible() -> Iterator[None]:
    """While `asyncio.run` runs, its own handler turns Ctrl-C into a cancellation at the next `await`; a question waits
    for a line in between, so the person would press Ctrl-C and nothing would happen."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
