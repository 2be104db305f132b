"""`loket approvals`: see what waits for an approver, and vote."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from actions.records import Action
from agent.words import refusal
from core.errors import ConfigError, Refused
from core.events import Verb
from core.people import Employee
from core.ports import Decision
from loket.bootstrap import Counter
from loket.command import voting
from loket.command.running import employee_of, looking, run, settings_for_a_person, working
from loket.home import Home
from loket.settings import Settings, read_settings
from loket.terminal.drawing import SHORT, draw_card, draw_link
from loket.terminal.typed_clicks import click_of
from loket.words import SENTENCES

app = typer.Typer(help="See what waits for an approver, and vote.", no_args_is_help=True)
As = Annotated[
    str,
    typer.Option(
        "--as", metavar="EMPLOYEE", help="Who votes, such as E1003: in the embedded form. Elsewhere you sign in."
    ),
]
Named = Annotated[str, typer.Argument(metavar="ID", help="The request's number, or its first eight characters.")]


@app.command("list")
def show(as_: As = "") -> None:
    """
    List the requests that wait. With --as: the cards that this approver may see.

    Examples:

      loket approvals list

      loket approvals list --as E1003
    """
    settings = read_settings()
    if as_ or settings.shell_is_identity:
        run(_list(settings_for_a_person(), as_))
        return
    language, cards = run(voting.cards(settings, _tell))
    for card in cards:
        Console().print(draw_card(card, language, SENTENCES))
    if not cards:
        Console().print("Nothing waits for you.")


@app.command()
def approve(
    action_id: Named,
    as_: As = "",
    callback: Annotated[str, typer.Option(help="How you called the person back, where the card asks for it.")] = "",
) -> None:
    """
    Say yes to one request. Where no other process owns the home folder it is carried out before this returns.

    Example:

      loket approvals approve 1a2b3c4d --as E1003
    """
    fields = {"callback": callback} if callback else {}
    _vote(action_id, as_, Verb.APPROVE, fields)


@app.command()
def deny(
    action_id: Named,
    reason: Annotated[str, typer.Option(help="Why; the requester reads it.")],
    as_: As = "",
) -> None:
    """
    Say no to one request. The first no is final.

    Example:

      loket approvals deny 1a2b3c4d --as E1003 --reason "ask your manager first"
    """
    _vote(action_id, as_, Verb.DENY, {"reason": reason})


@app.command()
def settle(
    action_id: Named,
    ended: Annotated[str, typer.Argument(metavar="done|failed", help="What you found in the system outside.")],
    as_: As = "",
) -> None:
    """
    Say how a doubtful request really ended, after looking in the system outside. Nothing is tried again.

    Example:

      loket approvals settle 1a2b3c4d done --as E1003
    """
    if ended not in ("done", "failed"):
        raise ConfigError(f"say done or failed, not {ended!r}")
    settings, done = read_settings(), ended == "done"
    if as_ or settings.shell_is_identity:
        decision = run(_settle(settings_for_a_person(), action_id, _named(as_), done=done))
    else:
        decision = run(voting.settle(settings, action_id, done=done, tell=_tell))
    Console().print(decision.text, markup=False)
    raise typer.Exit(0 if decision.accepted else 1)


def _named(employee_id: str) -> str:
    """Raises `ConfigError` when nobody was named."""
    if not employee_id:
        raise ConfigError("say who you are: --as EMPLOYEE, such as --as E1003")
    return employee_id


def _tell(text: str) -> None:
    """On standard error: what a command answers may be read by a program."""
    Console(stderr=True).print(text, markup=False, soft_wrap=True)


async def _settle(settings: Settings, action_id: str, employee_id: str, *, done: bool) -> Decision:
    async with looking(settings) as counter:
        employee = await employee_of(counter, employee_id)
        action = await counter.gate.show(action_id)
        if action is None:
            raise ConfigError(f"there is no request {action_id}; `loket approvals list` shows what waits")
        try:
            return await counter.gate.settle(action.action_id, employee, done=done)
        except Refused as error:
            return Decision(False, refusal(error.reason, employee.language, **error.details), action.state.value)


async def _list(settings: Settings, employee_id: str) -> None:
    async with looking(settings) as counter:
        waiting = await counter.gate.waiting()
        if employee_id:
            await _print_cards(counter, waiting, await employee_of(counter, employee_id))
            return
    table = Table("id", "what", "requester", "state", "approvers", "until")
    for action in waiting:
        until = action.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        groups = ", ".join(action.approver_groups)
        table.add_row(action.action_id[:SHORT], action.title, action.requester_id, action.state.value, groups, until)
    Console().print(table if waiting else "Nothing waits.")


async def _print_cards(counter: Counter, waiting: list[Action], reader: Employee) -> None:
    shown = 0
    for action in waiting:
        try:
            card = await counter.gate.card_for(action.action_id, reader)
        except Refused:
            continue  # somebody else's request
        Console().print(draw_card(card, reader.language, SENTENCES))
        shown += 1
    if not shown:
        Console().print("Nothing waits for you.")


def _vote(action_id: str, employee_id: str, verb: Verb, fields: dict[str, str]) -> None:
    settings = read_settings()
    if employee_id or settings.shell_is_identity:
        decision = run(_cast(settings_for_a_person(), action_id, _named(employee_id), verb, fields))
    else:
        decision = run(voting.vote(settings, action_id, verb, fields, _tell))
    Console().print(decision.text, markup=False)
    for link in decision.links:
        Console().print(draw_link(link))
    raise typer.Exit(0 if decision.accepted else 1)


async def _cast(settings: Settings, action_id: str, employee_id: str, verb: Verb, fields: dict[str, str]) -> Decision:
    home = Home(settings.home)
    if home.owner() is not None:  # its sweep carries out what is approved here
        async with looking(settings) as counter:
            return await _decide(counter, action_id, employee_id, verb, fields)
    async with working(settings, f"loket approvals {verb.value}") as counter:
        decision = await _decide(counter, action_id, employee_id, verb, fields)
        await counter.settle()
        return decision


async def _decide(counter: Counter, action_id: str, employee_id: str, verb: Verb, fields: dict[str, str]) -> Decision:
    await employee_of(counter, employee_id)
    action = await counter.gate.show(action_id)
    if action is None:
        raise ConfigError(f"there is no request {action_id}; `loket approvals list` shows what waits")
    return await counter.desk.decide(click_of(employee_id, action.action_id, verb, fields))
