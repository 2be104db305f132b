"""A one-time access pass for a person who lost their second factor."""

from __future__ import annotations

from core.people import Employee
from tools import REQUESTER, ActionContext, Draft, Effect, Risk, ToolContext, tool
from tools.builtin import account_change

PASS_MINUTES = 60
"""The longest that S-27 allows: the person must still reach a desk to set up the new phone."""


async def _prepare(ctx: ToolContext, subject: Employee) -> Draft:
    return account_change.draft(ctx, subject, "restore_access", minutes=PASS_MINUTES)


@tool(
    risk=Risk.CRITICAL,
    subject=REQUESTER,
    proof=True,
    credential=True,
    prepare=_prepare,
    reconcile=account_change.credential_replaced,
    repeats_with="accounts",
    issues_pass=True,
)
async def restore_access(ctx: ActionContext) -> Effect:
    """Propose a one-time access pass for the person who asks, because their second sign-in step is gone: a lost,
    broken or new phone, an authenticator app that was removed. Two colleagues of the service desk approve. Only for
    the person's own account. Not for a forgotten password (reset_my_password); a stolen device is also to be
    reported: search_policies says how.
    """
    account = account_change.account_of(ctx)
    credential = account_change.credential_of(ctx)
    made = await ctx.systems.accounts.issue_access_pass(account.account_id, credential, PASS_MINUTES, key=ctx.key)
    return Effect(account.account_id, made=made, made_minutes=PASS_MINUTES)
