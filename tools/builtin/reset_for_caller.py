"""The service desk's daily case: a new temporary password for a caller who reads back a code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.people import Employee
from tools import ActionContext, Draft, Effect, PersonName, Risk, ToolContext, tool
from tools.builtin import account_change
from tools.builtin.groups import SERVICE_DESK


async def _prepare(ctx: ToolContext, subject: Employee, caller: str) -> Draft:
    return account_change.draft(ctx, subject, "reset_for_caller")


@tool(
    risk=Risk.SENSITIVE,
    subject="caller",
    proof=True,
    credential=True,
    groups=SERVICE_DESK,
    prepare=_prepare,
    reconcile=account_change.credential_replaced,
    repeats_with="accounts",
)
async def reset_for_caller(
    ctx: ActionContext,
    caller: Annotated[PersonName, Field(description="The employee who is on the phone or at the counter.")],
) -> Effect:
    """For service desk staff only: propose a new temporary password for an employee who is on the phone or at the
    counter now. The caller reads back a code sent to their registered phone, then another colleague approves. Not
    for the staff member's own password (reset_my_password) and not for somebody who is not there to read back a
    code (reset_password_for).
    """
    return await account_change.replace_credential(ctx)
