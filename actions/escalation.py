"""When approvers are reminded, and when others may decide too: from the rule, the seal and the database's clock.

No column says who may decide. `escalated_at` and `reminded_at` only say what people were told: whoever could write
them would gain a card in a room, not a vote.
"""

from __future__ import annotations

from datetime import datetime

from actions.parts import GateParts
from actions.records import Action
from actions.rules import Rule, Rules
from storage import Tx, now


def second_groups(parts: GateParts, tx: Tx, action: Action) -> frozenset[str]:
    """The groups that may decide besides the approvers by now; empty before the time, and once the rules changed."""
    groups, passed_on = passing_on(parts, tx, action)
    return frozenset(groups) if passed_on is not None and passed_on <= now(tx) else frozenset()


def passing_on(parts: GateParts, tx: Tx, action: Action) -> tuple[tuple[str, ...], datetime | None]:
    """To which groups an action is passed on, and when; nobody and never where the rules do not say so."""
    rules, rule = _in_force(parts, tx, action)
    return (rule.escalate_to, passed_on_at(rules, rule, action.expires_at)) if rules and rule else ((), None)


def asked_groups(parts: GateParts, tx: Tx, action: Action) -> tuple[str, ...]:
    """The groups in whose rooms the card of this action lies: the second ones from when they were told."""
    if action.escalated_at is None:
        return action.approver_groups
    rules = parts.rules.of(tx, action.rule_version)
    rule = rules.tools.get(action.tool) if rules else None
    return (*action.approver_groups, *(rule.escalate_to if rule else ()))


def passed_on_at(rules: Rules, rule: Rule, expires_at: datetime) -> datetime | None:
    """When `escalate_to` may decide too, counted back from the end of the lifetime, which is sealed. None: never."""
    if not rule.escalate_to:
        return None
    hours = rules.hours.get(rule.hours)
    left = rule.left_when_passed_on
    return hours.before(expires_at, left) if hours else expires_at - left


def remind_at(rules: Rules, rule: Rule, asked_at: datetime, expires_at: datetime) -> datetime:
    """Half of the time that the approvers have, opening hours counted."""
    hours = rules.hours.get(rule.hours)
    if hours is None:
        return asked_at + (expires_at - asked_at) / 2
    return hours.before(expires_at, hours.between(asked_at, expires_at) / 2)


def reminding(parts: GateParts, tx: Tx, action: Action) -> datetime | None:
    """When the approvers of an action are reminded; None when they were, or when nobody was asked."""
    rules, rule = _in_force(parts, tx, action)
    if not rules or not rule or action.asked_at is None or action.reminded_at is not None:
        return None
    return remind_at(rules, rule, action.asked_at, action.expires_at)


def next_look(parts: GateParts, tx: Tx, action: Action) -> datetime:
    """When the sweep has to look at an action that waits for approvers: to remind, to pass on, or to let it expire."""
    _groups, passed_on = passing_on(parts, tx, action) if action.escalated_at is None else ((), None)
    return min(at for at in (reminding(parts, tx, action), passed_on, action.expires_at) if at is not None)


def _in_force(parts: GateParts, tx: Tx, action: Action) -> tuple[Rules | None, Rule | None]:
    """The rules that the action was filed under, while they are in force: when they have changed it is void anyway."""
    version, rules = parts.rules.current(tx)
    return (rules, rules.tools.get(action.tool)) if version == action.rule_version else (None, None)
