"""The gate's own tools: its configuration changes only through a critical action, like anything else that matters.

No model is ever offered these; they are proposed from the command line or the web page by an admin.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from actions import released
from actions.linking.own_tool import link_account_tool
from actions.parts import GateParts
from actions.publishing import publish_policies
from actions.releasing import release_tool
from actions.rules import RuleBook, Rules, parse
from actions.switches import is_off, switched_off, who_switched_off
from actions.switches import switch_on as put_on
from core.errors import Refused, ToolRetry
from core.people import Employee
from core.replies import Fact
from core.risk import Risk
from storage import Database
from storage.engine import Tx
from tools.context import ActionContext, Draft, Effect, ToolContext
from tools.spec import NOBODY, Tool, tool

ADMINS = frozenset({"admins"})


def own_tools(database: Database, rules: RuleBook, parts: Callable[[], GateParts]) -> dict[str, Tool]:
    """`change_rules`, `switch_on`, `link_account`, `release_tool` and `publish_policies`, bound to this database;
    `parts` are the gate's, once it is there."""
    made = (
        _change_rules(database, rules, parts),
        _switch_on(database),
        link_account_tool(database, ADMINS),
        release_tool(parts, ADMINS),
        publish_policies(parts, ADMINS),
    )
    return {one.name: one for one in made}


def _change_rules(database: Database, rules: RuleBook, parts: Callable[[], GateParts]) -> Tool:
    async def prepare(ctx: ToolContext, subject: Employee, base: int, document: str) -> Draft:
        del ctx, subject
        _refuse_unless_people_can_sign_in(parts(), parse(document))
        version, before = await database.read(lambda tx: _in_force(rules, tx))
        if version != base:
            raise ToolRetry(f"the rules are at version {version} by now, not {base}: start from those")
        lines = difflib.unified_diff(before.splitlines(), document.splitlines(), "in force", "new", n=2, lineterm="")
        diff = "\n".join(lines)
        if not diff:
            raise ToolRetry("these rules are the ones in force: there is nothing to change")
        return Draft(title=f"rules.yaml: {base} → {base + 1}", facts=(Fact("diff", diff),))

    @tool(risk=Risk.CRITICAL, subject=NOBODY, groups=ADMINS, prepare=prepare)
    async def change_rules(
        ctx: ActionContext,
        base: Annotated[int, Field(ge=1, description="the version that is in force")],
        document: Annotated[str, Field(min_length=1, max_length=100_000, description="the whole new rules.yaml")],
    ) -> Effect:
        """Put a new version of the approval rules in force."""

        def release(tx: Tx) -> None:
            if not released.put_in_force(tx, base + 1, document, ctx.key) and released.by(tx, base + 1) != ctx.key:
                raise Refused("rules_changed")  # somebody else's version has come in between

        parse(document)
        await database.run(release)
        return Effect(reference=f"rules version {base + 1}")

    return change_rules


def _switch_on(database: Database) -> Tool:
    async def prepare(ctx: ToolContext, subject: Employee, scope: str) -> Draft:
        del ctx, subject
        off, reasons, who = await database.read(
            lambda tx: (is_off(tx, scope), switched_off(tx), who_switched_off(tx, scope))
        )
        if not off:
            raise ToolRetry(f"{scope!r} is not switched off")
        facts = (Fact("was switched off because", reasons.get(scope, "-")), Fact("switched off by", "\n".join(who)))
        return Draft(title=f"switch on: {scope}", facts=facts)

    @tool(risk=Risk.CRITICAL, subject=NOBODY, groups=ADMINS, prepare=prepare)
    async def switch_on(
        ctx: ActionContext, scope: Annotated[str, Field(max_length=100, description="a tool's name, or * for all")]
    ) -> Effect:
        """Switch a tool on again that was switched off."""
        await database.run(lambda tx: put_on(tx, scope, ctx.key))
        return Effect(reference=scope)

    return switch_on


def _refuse_unless_people_can_sign_in(parts: GateParts, proposed: Rules) -> None:
    """Rules that nobody could follow would also keep everybody from changing them back."""
    asking = sorted(name for name, rule in proposed.tools.items() if rule.approvers_sign_in)
    if asking and parts.systems.step_up is None:
        raise ToolRetry(f"approvers_sign_in of {', '.join(asking)}: nobody can sign in here yet (docs/sign-in.md)")


def _in_force(rules: RuleBook, tx: Tx) -> tuple[int, str]:
    version, _rules = rules.current(tx)
    return version, rules.document(tx, version)
