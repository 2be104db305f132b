"""How strict: the tool's own risk, its rule, and who and what it is about. The strictest wins; nothing loosens."""

from __future__ import annotations

from actions.rules import Rule, Rules
from connectors.accounts import Account, AccountKind
from core.errors import Refused
from core.people import Employee
from core.risk import Risk, strictest
from tools.spec import NOBODY, Tool


def tier_of(
    rules: Rules, tool: Tool, rule: Rule, requester: Employee, subject: Employee, account: Account | None
) -> Risk:
    """The tier that holds. Raises `Refused` for what is never done.

    For somebody else it is critical, unless that person themselves proves who they are by a code.
    """
    tier = strictest(tool.risk, rule.tier)
    if tool.subject != NOBODY:
        if account is None or is_protected(rules, subject, account):
            raise Refused("account_protected")
        if not account.enabled:
            raise Refused("account_disabled")
        if is_vip(rules, subject):
            tier = strictest(tier, Risk.CRITICAL)
        proves_it = tool.proof and "code" in rule.proof
        if subject.employee_id != requester.employee_id and not proves_it:
            tier = strictest(tier, Risk.CRITICAL)
    if tier is Risk.FORBIDDEN:
        raise Refused("forbidden")
    return tier


def is_protected(rules: Rules, subject: Employee, account: Account) -> bool:
    """Privileged, service or listed: nothing is ever done to it."""
    protected = rules.protected
    return (
        account.kind is not AccountKind.ORDINARY
        or account.account_id in protected.accounts
        or subject.employee_id in protected.people
        or bool((account.groups | subject.groups) & protected.groups)
    )


def is_vip(rules: Rules, subject: Employee) -> bool:
    """On the VIP list: by group or by number."""
    return subject.employee_id in rules.vip.people or bool(subject.groups & rules.vip.groups)
