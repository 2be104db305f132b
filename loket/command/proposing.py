"""Proposing one of the gate's own actions from the command line: shown first, filed after a yes, approved by others."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import typer
from rich.console import Console

from actions.records import Origin
from agent.words import refusal
from core.errors import ConfigError, Refused, ToolRetry
from core.events import Address, Click, Verb
from core.people import ChannelIdentity, Employee
from core.plain_text import reveal
from core.ports import Decision
from loket.command import voting
from loket.command.persons import signs_in, tell
from loket.command.prompting import agreed
from loket.command.running import employee_of, looking
from loket.counter import Counter
from loket.settings import Settings
from loket.terminal.channel import address_of, identity_of
from loket.terminal.drawing import SHORT
from loket.terminal.typed_clicks import click_of


@dataclass(frozen=True, slots=True)
class _Proposer:
    """Who proposes, where from, and how they confirm."""

    employee: Employee
    identity: ChannelIdentity
    address: Address
    place: str
    confirm: Callable[[str], Awaitable[Decision]]


async def propose_here(
    settings: Settings, employee_id: str, tool: str, arguments: Mapping[str, object], *, yes: bool
) -> None:
    """By whom `--as` names where a shell is an identity, else by whoever signs in. Raises `ConfigError`."""
    if signs_in(settings, employee_id):
        await propose_signed_in(settings, tool, arguments, tell, yes=yes)
    else:
        await propose(settings, employee_id, tool, arguments, yes=yes)


async def propose(
    settings: Settings, employee_id: str, tool: str, arguments: Mapping[str, object], *, yes: bool
) -> None:
    """Show what would happen, ask, file it and confirm it. Raises `ConfigError` with the reason when it cannot be."""
    async with looking(settings) as counter:
        employee = await employee_of(counter, employee_id)

        async def confirm(action_id: str) -> Decision:
            return await counter.desk.decide(click_of(employee_id, action_id, Verb.CONFIRM, {}))

        address, identity = address_of(employee_id), identity_of(employee_id)
        proposer = _Proposer(employee, identity, address, "terminal:local", confirm)
        await _file(counter, proposer, tool, arguments, yes=yes)


async def propose_signed_in(
    settings: Settings, tool: str, arguments: Mapping[str, object], tell: Callable[[str], None], *, yes: bool
) -> None:
    """The same where a shell is no identity: by whoever signs in. Raises `ConfigError`."""
    async with voting.signed_in(settings, tell) as (counter, operator):
        address = Address(voting.PLACE, "local", operator.employee.employee_id)

        async def confirm(action_id: str) -> Decision:
            event_id = f"{voting.PLACE}:{uuid.uuid4()}"
            click = Click(event_id, operator.identity, address, action_id, Verb.CONFIRM, {})
            return await counter.gate.decide(click, operator.employee)

        proposer = _Proposer(operator.employee, operator.identity, address, voting.PLACE, confirm)
        await _file(counter, proposer, tool, arguments, yes=yes)


async def _file(
    counter: Counter, proposer: _Proposer, tool: str, arguments: Mapping[str, object], *, yes: bool
) -> None:
    console, employee = Console(), proposer.employee
    try:
        prepared = await counter.gate.prepare(employee, tool, dict(arguments), employee.language)
    except ToolRetry as error:
        raise ConfigError(str(error)) from error
    except Refused as error:
        raise ConfigError(refusal(error.reason, "en", **error.details)) from error
    console.print(prepared.title, style="bold", markup=False)
    for fact in prepared.facts:
        console.print(f"{fact.label}:\n{reveal(fact.value)}", markup=False)
    if not yes and not agreed("Propose this to the other admins?"):
        raise typer.Exit(1)
    action_id = str(uuid.uuid4())
    conversation = f"command:{employee.employee_id}"
    origin = Origin(action_id, f"{proposer.place}:{action_id}", conversation, proposer.address, proposer.identity)
    try:
        await counter.database.run(lambda tx: counter.gate.propose(tx, prepared, origin))
    except Refused as error:
        raise ConfigError(refusal(error.reason, "en", **error.details)) from error
    decision = await proposer.confirm(action_id)
    console.print(decision.text, markup=False)
    console.print(f"loket approvals approve {action_id[:SHORT]} --as ANOTHER-ADMIN", style="dim", markup=False)
