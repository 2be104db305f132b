"""Voting at a command line where a shell is no identity: whoever signs in sees what waits for them, and votes once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from actions.records import Action
from agent.words import refusal
from core.errors import ConfigError, Refused
from core.events import Address, Click, Verb
from core.ports import Decision
from core.replies import Card
from loket import migrate
from loket.bootstrap import Counter, build
from loket.command.sign_in import SignedInOperator, signed_in_operator
from loket.home import Home
from loket.logs import logging_to
from loket.service.least_privilege import refuse_foreign_secrets
from loket.service.roles import Role
from loket.settings import Settings

PLACE = "command_line"


async def vote(
    settings: Settings, action_id: str, verb: Verb, fields: Mapping[str, str], tell: Callable[[str], None]
) -> Decision:
    """One vote of whoever signs in. The service carries out what is approved. Raises `ConfigError`."""
    async with signed_in(settings, tell) as (counter, operator):
        action = await _action(counter, action_id)
        identity, address = operator.identity, Address(PLACE, "local", PLACE)
        click = Click(f"{PLACE}:{uuid.uuid4()}", identity, address, action.action_id, verb, dict(fields))
        return await counter.gate.decide(click, operator.employee)


async def settle(settings: Settings, action_id: str, *, done: bool, tell: Callable[[str], None]) -> Decision:
    """How a doubtful action ended, by whoever signs in. Raises `ConfigError`."""
    async with signed_in(settings, tell) as (counter, operator):
        action, employee = await _action(counter, action_id), operator.employee
        try:
            return await counter.gate.settle(action.action_id, employee, done=done)
        except Refused as error:
            return Decision(False, refusal(error.reason, employee.language, **error.details), action.state.value)


async def cards(settings: Settings, tell: Callable[[str], None]) -> tuple[str, list[Card]]:
    """The language and the cards of whoever signs in. Raises `ConfigError`."""
    async with signed_in(settings, tell) as (counter, operator):
        found = []
        for action in await counter.gate.waiting():
            try:
                found.append(await counter.gate.card_for(action.action_id, operator.employee))
            except Refused:
                continue  # somebody else's request
        return operator.employee.language, found


@asynccontextmanager
async def signed_in(settings: Settings, tell: Callable[[str], None]) -> AsyncIterator[tuple[Counter, SignedInOperator]]:
    """A counter with the powers of the web role and no more, and who signed in. It runs and delivers nothing."""
    home = Home(settings.home, keys=settings.keys_folder, world=settings.world_folder)
    if not settings.is_embedded:
        refuse_foreign_secrets(Role.WEB, settings, home.keys)
    with logging_to(home.log, settings.log.level):
        counter = build(settings, role=Role.WEB)
        try:
            await asyncio.to_thread(migrate.refuse_other, counter.database)
            operator = await signed_in_operator(
                settings.oidc, settings.outside, counter.directory, counter.database, tell
            )
            yield counter, operator
        finally:
            await counter.close()


async def _action(counter: Counter, action_id: str) -> Action:
    action = await counter.gate.show(action_id)
    if action is None:
        raise ConfigError(f"there is no request {action_id}; `loket approvals list` shows what waits")
    return action
