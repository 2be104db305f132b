"""The card of an added tool as its approvers will see it, before anybody proposed anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from actions.cards import approver_card
from actions.gate import Gate
from actions.posting import background
from actions.records import Action, State
from actions.rules import Rule, Rules
from actions.seal import sealable
from core.events import Address
from core.people import Employee
from core.replies import Card
from core.risk import strictest
from loket.command.adding.example import example_arguments
from tools.added.document import ToolDocument
from tools.context import Draft, ToolContext
from tools.loaded import LoadedTool
from tools.spec import REQUESTER

NOBODYS = "00000000-0000-0000-0000-000000000000"


async def card_of(
    gate: Gate, document: ToolDocument, loaded: LoadedTool, rules: Rules, rule: Rule, person: Employee, at: datetime
) -> Card:
    """The approver's card for an example of use, as `person` would ask for it.

    Raises `ToolRetry` or `ToolFailed` when no draft can be made, `ConfigError` for what cannot be sealed.
    """
    arguments = sealable(loaded.tool.check(example_arguments(document)))
    language = gate.parts.settings.approvers_language
    assert loaded.tool.prepare is not None  # noqa: S101 - every added tool that changes something has one
    context = ToolContext(person, language, at, gate.parts.systems.read)
    draft: Draft = await loaded.tool.prepare(context, person, **arguments)
    tier = strictest(loaded.tool.risk, rule.tier)
    action = _action(document, loaded, person, at, arguments, draft)
    needed = rules.needed(tier, rule)
    values: dict[str, Any] = {
        "tier": tier,
        "approvals_needed": needed,
        "approver_groups": rule.approvers,
        "language": language,
    }
    waiting = replace(action, expires_at=at + rule.lifetime, **values)
    return approver_card(waiting, await background(gate.parts, waiting), language)


def _action(
    document: ToolDocument, loaded: LoadedTool, person: Employee, at: datetime, arguments: dict[str, Any], draft: Draft
) -> Action:
    return Action(
        action_id=NOBODYS,
        version=0,
        event_id="",
        conversation_id="",
        address=Address("terminal", "local", person.employee_id),
        tool=document.name,
        tool_hash=loaded.tool.definition_hash,
        arguments=arguments,
        requester_id=person.employee_id,
        subject_id=person.employee_id,
        account_id="-" if loaded.tool.subject == REQUESTER else None,
        tier=loaded.tool.risk,
        rule_version=0,
        approvals_needed=0,
        approver_groups=(),
        proof_needed=False,
        proof_method="",
        proof_detail="",
        proof_at=None,
        proof_stamp="",
        confirm_stamp="",
        nonce="",
        seal="",
        state=State.AWAITING_APPROVAL,
        title=draft.title,
        facts=draft.facts,
        language="en",
        created_at=at,
        expires_at=at,
        due_at=None,
        asked_at=at,
        reminded_at=None,
        escalated_at=None,
        taken_by="",
        taken_until=None,
        fencing="",
        claimed_at=None,
        reference="",
        result_address="",
        reason="",
    )
