"""`loket demo`: one employee's day, played by the running system."""

from __future__ import annotations

import typer

from loket.command.running import run


def demo() -> None:
    """
    Play one employee's day in the terminal: questions, a ticket, a password reset with approval, refusals, the audit.

    Every line is produced by the running system with the built-in model; it needs no account, no key and no network.
    State is kept apart, in the folder `demo` of LOKET_HOME, and made anew at each run.

    Example:

      loket demo
    """
    from loket.demo.play import play
    from loket.settings import read_settings

    raise typer.Exit(0 if run(play(read_settings())) else 1)
