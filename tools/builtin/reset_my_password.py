"""A new temporary password for the person who asks."""

from __future__ import annotations

from core.people import Employee
from tools import REQUESTER, ActionContext, Draft, Effect, Risk, ToolContext, tool
from tools.builtin import account_change


async def _prepare(ctx: ToolContext, subject: Employee) -> Draft:
    return account_change.draft(ctx, subject, "reset_my_password")


@tool(
    risk=Risk.SENSITIVE,
    subject=REQUESTER,
    proof=True,
    credential=True,
    prepare=_prepare,
    reconcile=account_change.credential_replaced,
    repeats_with="accounts",
)
async def reset_my_password(ctx: ActionContext) -> Effect:
    """Propose a new temporary password for the person who asks, because they forgot theirs or it no longer works.
    They prove who they are and a colleague of the service desk approves. Only ever for the person's own account:
    there is no way to name another. Not for a locked account (unlock_my_account) or a lost phone (restore_access),
    and not for questions about password rules (search_policies).
    """
    return await account_change.replace_credential(ctx)
