"""Lift the lock on the account of the person who asks; the password stays."""

from __future__ import annotations

from core.people import Employee
from tools import REQUESTER, ActionContext, Draft, Effect, Risk, ToolContext, tool
from tools.builtin import account_change
from tools.texts import TEXTS


async def _prepare(ctx: ToolContext, subject: Employee) -> Draft:
    accounts = await ctx.systems.accounts.of(subject.employee_id)
    not_locked = bool(accounts) and not accounts[0].locked
    notice = TEXTS.say("unlock_my_account.not_locked", ctx.language) if not_locked else ""
    return account_change.draft(ctx, subject, "unlock_my_account", notice)


async def _reconcile(ctx: ActionContext) -> Effect | None:
    account = await ctx.systems.accounts.by_id(account_change.account_of(ctx).account_id)
    unlocked = account.unlocked_at if account else None
    return Effect(account.account_id) if account and unlocked and unlocked >= ctx.claimed_at else None


@tool(
    risk=Risk.SENSITIVE,
    subject=REQUESTER,
    proof=True,
    prepare=_prepare,
    reconcile=_reconcile,
    repeats_with="accounts",
)
async def unlock_my_account(ctx: ActionContext) -> Effect:
    """Propose to unlock the account of the person who asks, because it is locked or blocked after wrong attempts and
    they still know their password. They prove who they are and a colleague of the service desk approves. Only for
    the person's own account. Not when the password is forgotten: use reset_my_password.
    """
    account = account_change.account_of(ctx)
    await ctx.systems.accounts.unlock(account.account_id, key=ctx.key)
    return Effect(account.account_id)
