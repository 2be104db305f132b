"""The last check before an effect: outside (who is who by now) and inside (is this exactly what was agreed to)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from actions.authors import authors
from actions.cards import Background
from actions.counting import counted, people_needed, sign_in_asked, voters
from actions.delivering import best_way
from actions.escalation import second_groups
from actions.holding import refuse_if_held
from actions.parts import GateParts
from actions.posting import background_or_nothing
from actions.records import Action, State
from actions.roads import Way
from actions.rules import Rules
from actions.seal import seal_of
from actions.stamps import genuine
from actions.step_up import suffices
from actions.switches import refuse_if_off
from actions.tier import tier_of
from actions.votes import refuse_unless_entitled
from connectors.accounts import Account
from core.errors import Refused
from core.people import Contact, Employee
from core.risk import Risk, strictest
from storage import Tx, now
from storage.audit import first_at, happened
from tools.added.versions import is_added
from tools.context import ActionContext
from tools.spec import NOBODY, Tool

_ENDS = (State.DONE, State.FAILED, State.UNKNOWN, State.REFUSED, State.DENIED, State.EXPIRED, State.CANCELLED)
"""Once the chain names one of these, nothing of the action is carried out any more, whatever its row says."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check outside found. `valid` are the approvers whose yes still counts; `known` and `contact` are
    read now because after the effect nothing may be in the way of recording it."""

    tool: Tool
    requester: Employee
    subject: Employee
    account: Account | None
    contact: Contact | None
    road: Way | None
    valid: frozenset[str]
    known: Background


def context(parts: GateParts, action: Action, checked: Checked, credential: SecretStr | None) -> ActionContext:
    """What the tool is handed."""
    return ActionContext(
        key=action.action_id,
        requester=checked.requester,
        subject=checked.subject,
        account=checked.account,
        credential=credential,
        claimed_at=action.claimed_at or action.created_at,
        systems=parts.systems.changing,
    )


async def check_outside(parts: GateParts, action: Action) -> Checked:
    """Read again who everybody is and what they may do: rights change while an action waits (S-13).

    Raises `Refused`, `ToolRetry` for a tool that is gone, `ConnectorError`.
    """
    tool = parts.tool(action.tool, action.tool_hash)
    directory = parts.systems.read.directory
    requester, subject = await directory.by_id(action.requester_id), await directory.by_id(action.subject_id)
    if requester is None or subject is None or not requester.may_use_tools or not subject.may_use_tools:
        raise Refused("account_disabled")
    if tool.groups and not tool.groups & requester.groups:
        raise Refused("not_for_you")
    account, contact, road = None, None, None
    if tool.subject != NOBODY:
        account = await parts.systems.read.accounts.by_id(action.account_id or "")
        if account is None or account.employee_id != subject.employee_id:
            raise Refused("account_changed")
        contact = await _contact(parts, action)
        road = await best_way(parts, action, contact) if tool.credential else None
    cast, second = await parts.database.read(
        lambda tx: (voters(tx, action.action_id), second_groups(parts, tx, action))
    )
    valid = frozenset([who for who in cast if await _still_entitled(parts, action, who, second)])
    known = await background_or_nothing(parts, action)
    return Checked(tool, requester, subject, account, contact, road, valid, known)


def check_inside(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> None:
    """Everything that must hold at the moment of the claim. Raises `Refused` when anything has drifted."""
    moment = now(tx)
    if action.due_at is None or action.due_at <= moment or action.expires_at <= moment:
        raise Refused("expired")
    refuse_if_off(tx, action.tool)
    if checked.tool.subject != NOBODY:
        refuse_if_held(tx, action.subject_id)
    if _in_chain(tx, action, State.EXECUTING, *_ENDS):
        raise Refused("seal_broken")  # it ran or ended: seal, votes and stamps stay genuine, and the row was set back
    version, rules = parts.rules.current(tx)
    _check_words(parts, tx, action, checked)
    _check_proof(parts, rules, action, checked)
    if version != action.rule_version:
        raise Refused("rules_changed")
    _check_votes(parts, tx, rules, action, checked, checked.valid)
    approved = first_at(tx, f"action:{action.action_id}", f"action.{State.APPROVED}")
    if approved is None or moment > approved + timedelta(minutes=parts.settings.claim_minutes):
        raise Refused("expired")  # by the chain, whatever the row says of when it is due (S-21)


def check_claimed(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> None:
    """Everything that must hold when one executor takes over from another. Raises `Refused`.

    That the row says `executing` is nothing by itself: the chain must know the claim and no end, and what was claimed
    must have been agreed to, by the rules it was filed under (they may have changed since, by this very action).
    """
    if not _in_chain(tx, action, State.EXECUTING) or _in_chain(tx, action, *_ENDS):
        raise Refused("seal_broken")
    rules = parts.rules.of(tx, action.rule_version)
    if rules is None:
        raise Refused("rules_changed")
    _check_words(parts, tx, action, checked)
    _check_proof(parts, rules, action, checked)
    _check_votes(parts, tx, rules, action, checked, frozenset(voters(tx, action.action_id)))


def _in_chain(tx: Tx, action: Action, *states: State) -> bool:
    return happened(tx, f"action:{action.action_id}", *(f"action.{state}" for state in states))


def _check_words(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> None:
    """It is what was sealed, of the tool that was sealed, and its requester said yes to it."""
    if seal_of(action) != action.seal:
        raise Refused("seal_broken")
    if checked.tool.definition_hash != action.tool_hash:
        raise Refused("tool_changed" if is_added(tx, action.tool) else "seal_broken")
    if not genuine(parts.keys, action.confirm_stamp, "confirm", action.action_id, action.seal):
        raise Refused("seal_broken")


def _check_proof(parts: GateParts, rules: Rules, action: Action, checked: Checked) -> None:
    """The tool says whether proof is needed, not the row; and the proof must be one that the gate itself took."""
    if not checked.tool.proof:
        return
    if action.proof_method not in ("code", "callback"):
        rule = rules.tools.get(action.tool)
        if rule is None or "sign_in" not in rule.proof or not suffices(checked.tool, action, action.proof_method):
            raise Refused("no_proof_possible")
    said = ("proof", action.action_id, action.seal, action.proof_method)
    if not genuine(parts.keys, action.proof_stamp, *said):
        raise Refused("seal_broken")


def _check_votes(
    parts: GateParts, tx: Tx, rules: Rules, action: Action, checked: Checked, valid: frozenset[str]
) -> None:
    """Tier, groups and number of people follow from the rules, never from what the row says of them; `valid` are those
    whose yes may count."""
    rule = rules.tools.get(action.tool)
    if rule is None:
        raise Refused("rules_changed")
    tier = tier_of(rules, checked.tool, rule, checked.requester, checked.subject, checked.account)
    if action.proof_method == "callback":
        tier = strictest(tier, Risk.CRITICAL)
    if tier.rank > action.tier.rank:
        raise Refused("tier_rose")
    if set(action.approver_groups) != set(rule.approvers):
        raise Refused("seal_broken")
    yes = counted(parts, tx, action, signed=sign_in_asked(parts, tx, action, tier))
    if len((yes.people & valid) - authors(tx, action)) < people_needed(rules, rule, action, yes.braked):
        raise Refused("votes_void")


async def _contact(parts: GateParts, action: Action) -> Contact:
    contact = await parts.systems.read.directory.contact(action.subject_id)
    if contact is None:
        raise Refused("no_second_road")
    if contact.changed_at > action.created_at:
        raise Refused("contact_changed", hours="0")
    return contact


async def _still_entitled(parts: GateParts, action: Action, employee_id: str, second: frozenset[str]) -> bool:
    approver = await parts.systems.read.directory.by_id(employee_id)
    if approver is None:
        return False
    try:
        refuse_unless_entitled(action, approver, second)
    except Refused:
        return False
    return True
