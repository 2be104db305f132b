"""Linking an account by an admin: who somebody is belongs to the gate's own configuration: a critical action."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actions.linking.making import Made, Tie, make
from connectors.directory import links
from core.errors import Refused, ToolRetry
from core.linking import Profile
from core.people import ChannelIdentity, Employee
from core.replies import Fact
from core.risk import Risk
from storage import Database
from tools.context import ActionContext, Draft, Effect, ToolContext
from tools.spec import NOBODY, Tool, tool


def link_account_tool(database: Database, admins: frozenset[str]) -> Tool:
    """`link_account`, bound to this database. Two other admins see which account becomes whose before it does."""

    async def prepare(ctx: ToolContext, subject: Employee, account: str, employee: str) -> Draft:
        del subject
        identity = _identity(account)
        if await ctx.systems.directory.by_identity(identity) is not None:
            raise ToolRetry(f"{account} is somebody's already; `loket people unlink` takes a link away")
        person = await ctx.systems.directory.by_id(employee)
        if person is None or person.employee_id != employee or not person.may_use_tools:
            raise ToolRetry(f"there is no active employee {employee}")
        whose = f"{person.name} ({person.employee_id}), {person.title}, {person.department}"
        return Draft(title=f"{account} → {person.employee_id}", facts=(Fact("will count as", whose),))

    @tool(risk=Risk.CRITICAL, subject=NOBODY, groups=admins, prepare=prepare)
    async def link_account(
        ctx: ActionContext,
        account: Annotated[str, Field(max_length=240, description="the account, as slack:T0123:U0456")],
        employee: Annotated[str, Field(max_length=64, description="the number of the employee it becomes")],
    ) -> Effect:
        """Let a chat account count as an employee."""
        identity, directory = _identity(account), ctx.systems.directory
        person, known = await directory.by_id(employee), await directory.by_identity(identity)
        if person is None or not person.may_use_tools or (known is not None and known.employee_id != employee):
            raise Refused("account_changed")
        contact = await directory.contact(employee)
        tie = Tie(identity, person, "admin", f"employee:{ctx.requester.employee_id}", Profile())
        if await database.run(lambda tx: make(tx, tie, contact)) not in (Made.LINKED, Made.ALREADY):
            raise Refused("account_changed")
        return Effect(reference=account)

    return link_account


def _identity(account: str) -> ChannelIdentity:
    """Raises `ToolRetry` for what names no account that can be linked."""
    parts = account.split(":")
    if len(parts) != 3 or parts[0] not in links.LINKABLE or not all(part.isalnum() for part in parts):
        raise ToolRetry(f"{account!r} names no account: it looks like slack:T0123:U0456")
    return ChannelIdentity(*parts)
