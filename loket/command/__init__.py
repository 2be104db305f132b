"""The `loket` command: one command group a file. Exit codes: 0 done, 1 said no or failed, 2 usage or configuration."""

from __future__ import annotations

import sys

import typer

from core.errors import ConfigError, LoketError
from loket.command import approvals, ask, audit, chat, demo, doctor, policies, tools

HELP = """
The counter where staff get help: answers from the organisation's own policies, actions with approval.

[bold]Begin[/bold]
  loket demo                                    one employee's day, start to end
  loket policies ingest policies/samples        read in the sample handbook
  loket ask "How many days of leave do I get?" --as E1002
  loket chat --as E1002                         talk with the desk

State is kept in the folder LOKET_HOME (default .loket). All settings: .env.example.
"""

app = typer.Typer(
    name="loket", help=HELP, rich_markup_mode="rich", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(chat.chat)
app.command()(ask.ask)
app.add_typer(policies.app, name="policies")
app.add_typer(approvals.app, name="approvals")
app.add_typer(tools.app, name="tools")
app.add_typer(audit.app, name="audit")
app.command()(doctor.doctor)
app.command()(demo.demo)


def main() -> None:
    """Run the command line; an error of ours is one line on standard error, never a traceback."""
    try:
        app()
    except ConfigError as error:
        _end(str(error), 2)
    except LoketError as error:
        _end(str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _end(line: str, code: int) -> None:
    sys.stderr.write(f"loket: {line}\n")
    sys.exit(code)
