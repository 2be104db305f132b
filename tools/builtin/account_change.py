"""What the tools that change a sign-in account share: the draft, the one effect, and reading whether it happened."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from connectors.accounts import Account
from core.people import Employee
from tools import ActionContext, Draft, Effect, Fact, ToolContext, ToolFailed, one_line
from tools.texts import TEXTS


def draft(ctx: ToolContext, subject: Employee, tool_name: str, notice: str = "", **values: object) -> Draft:
    """What will happen to whom, in the requester's language: `<tool_name>.title` and `.effect` of the catalogue.

    `values` fill the placeholders of the effect.
    """
    title = TEXTS.say(f"{tool_name}.title", ctx.language, name=one_line(subject.name), employee_id=subject.employee_id)
    work = ", ".join(one_line(part) for part in (subject.title, subject.department, subject.site) if part)
    facts = (
        Fact(TEXTS.say("account.what_happens", ctx.language), TEXTS.say(f"{tool_name}.effect", ctx.language, **values)),
        Fact(TEXTS.say("account.works_as", ctx.language), work),
    )
    return Draft(title, facts, notice)


def account_of(ctx: ActionContext) -> Account:
    """The account the gate resolved. Raises `ToolFailed` unless it is the subject's."""
    if ctx.account is None or ctx.account.employee_id != ctx.subject.employee_id:
        raise ToolFailed("the subject has no account of their own that can be changed")
    return ctx.account


def credential_of(ctx: ActionContext) -> SecretStr:
    """The temporary credential the gate made. Raises `ToolFailed` without one."""
    if ctx.credential is None:
        raise ToolFailed("no temporary credential was made for this action")
    return ctx.credential


async def replace_credential(ctx: ActionContext) -> Effect:
    """Give the subject's account the temporary credential."""
    account = account_of(ctx)
    await ctx.systems.accounts.set_temporary_credential(account.account_id, credential_of(ctx), key=ctx.key)
    return Effect(account.account_id)


async def credential_replaced(ctx: ActionContext, **_arguments: Any) -> Effect | None:
    """The effect, if the account's credential has changed since the claim; None when that cannot be seen."""
    account = await ctx.systems.accounts.by_id(account_of(ctx).account_id)
    changed = account.credential_changed_at if account else None
    return Effect(account.account_id) if account and changed and changed >= ctx.claimed_at else None
