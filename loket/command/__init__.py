"""The `loket` command: one command group a file. Exit codes: 0 done, 1 said no or failed, 2 usage or configuration."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import typer

from core.errors import ConfigError, LoketError
from loket.command import (
    approvals,
    ask,
    audit,
    bench,
    chat,
    demo,
    doctor,
    eval,
    insight,
    people,
    policies,
    provision,
    restored,
    retention,
    rules,
    serve,
    slack,
    tools,
)

HELP = """
The counter where staff get help: answers from the organisation's own policies, actions with approval.

[bold]Begin[/bold]
  loket demo                                    one employee's day, start to end
  loket policies ingest policies/samples        read in the sample handbook
  loket ask "How many days of leave do I get?" --as E1002
  loket chat --as E1002                         talk with the desk
  loket serve                                   the service: events in, answers and actions out

State is kept in the folder LOKET_HOME (default .loket). All settings: .env.example.
"""

app = typer.Typer(
    name="loket", help=HELP, rich_markup_mode="rich", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(chat.chat)
app.command()(ask.ask)
app.command()(serve.serve)
app.command()(serve.migrate)
app.add_typer(policies.app, name="policies")
app.add_typer(approvals.app, name="approvals")
app.add_typer(tools.app, name="tools")
app.add_typer(rules.app, name="rules")
app.add_typer(audit.app, name="audit")
app.add_typer(people.app, name="people")
app.add_typer(retention.app, name="retention")
app.command()(provision.secrets)
app.command()(provision.grants)
app.command()(restored.restored)
app.command()(doctor.doctor)
app.command()(demo.demo)
app.add_typer(bench.app, name="bench")
app.add_typer(eval.app, name="eval")
app.add_typer(insight.app, name="insight")
app.add_typer(slack.app, name="slack")


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
    except Exception as error:  # noqa: BLE001 - nobody at a terminal is helped by a traceback
        _end(f"unexpected {type(error).__name__} at {_place(error)}; please report this line", 1)


def _place(error: BaseException) -> str:
    """Where in our own code it happened."""
    root = Path(__file__).parents[2]
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if root in Path(frame.filename).parents]
    ours = [frame for frame in ours if "site-packages" not in frame.filename]
    return f"{Path(ours[-1].filename).relative_to(root)}:{ours[-1].lineno}" if ours else "an unknown place"


def _end(line: str, code: int) -> None:
    sys.stderr.write(f"loket: {line}\n")
    sys.exit(code)
