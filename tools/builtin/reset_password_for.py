"""A new temporary password for another person, who is not there to read back a code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.people import Employee
from tools import ActionContext, Draft, Effect, PersonName, Risk, ToolContext, tool
from tools.builtin import account_change
from tools.builtin.groups import SERVICE_DESK


async def _prepare(ctx: ToolContext, subject: Employee, person: str) -> Draft:
    return account_change.draft(ctx, subject, "reset_password_for")


@tool(
    risk=Risk.CRITICAL,
    subject="person",
    proof=True,
    credential=True,
    groups=SERVICE_DESK,
    prepare=_prepare,
    reconcile=account_change.credential_replaced,
    repeats_with="accounts",
)
async def reset_password_for(
    ctx: ActionContext,
    person: Annotated[PersonName, Field(description="The employee whose password is to be reset.")],
) -> Effect:
    """For service desk staff only: propose a new temporary password for another employee who is not on the phone.
    Two other colleagues approve. Use it only when that other person is named. Not for the staff member's own
    password (reset_my_password), and not for a caller who can read back a code (reset_for_caller).
    """
    return await account_change.replace_credential(ctx)
