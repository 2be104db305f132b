"""Proposing one of the gate's own actions from the command line: shown first, filed after a yes, approved by others."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import typer
from rich.console import Console

from actions.records import Origin
from agent.words import refusal
from core.errors import ConfigError, Refused, ToolRetry
from core.events import Verb
from loket.command.running import employee_of, looking
from loket.drawing import SHORT
from loket.settings import Settings
from loket.terminal import address_of, identity_of
from loket.typed_clicks import click_of


async def propose(
    settings: Settings, employee_id: str, tool: str, arguments: Mapping[str, object], *, yes: bool
) -> None:
    """Show what would happen, ask, file it and confirm it. Raises `ConfigError` with the reason when it cannot be."""
    async with looking(settings) as counter:
        employee = await employee_of(counter, employee_id)
        console = Console()
        try:
            prepared = await counter.gate.prepare(employee, tool, dict(arguments), employee.language)
        except ToolRetry as error:
            raise ConfigError(str(error)) from error
        except Refused as error:
            raise ConfigError(refusal(error.reason, "en", **error.details)) from error
        console.print(prepared.title, style="bold", markup=False)
        for fact in prepared.facts:
            console.print(f"{fact.label}:\n{fact.value}", markup=False)
        if not yes and not typer.confirm("Propose this to the other admins?"):
            raise typer.Exit(1)
        action_id = str(uuid.uuid4())
        address, identity = address_of(employee_id), identity_of(employee_id)
        origin = Origin(action_id, f"terminal:local:{action_id}", f"command:{employee_id}", address, identity)
        try:
            await counter.database.run(lambda tx: counter.gate.propose(tx, prepared, origin))
        except Refused as error:
            raise ConfigError(refusal(error.reason, "en", **error.details)) from error
        decision = await counter.desk.decide(click_of(employee_id, action_id, Verb.CONFIRM, {}))
    console.print(decision.text, markup=False)
    console.print(f"loket approvals approve {action_id[:SHORT]} --as ANOTHER-ADMIN", style="dim", markup=False)
