"""The executor: check everything again, claim, act once, record. It holds the accounts that change things and no model.

claim (state, credential, audit, fencing id in one transaction) → effect → result → delivery of the credential. An
executor that finds an action already `executing` comes after a crash: it repeats only where the system itself
recognises a repeat, and says `unknown` otherwise.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from pydantic import SecretStr

from actions import envelopes, ledger
from actions.flow import Overtaken, move, note
from actions.parts import GateParts
from actions.posting import background, post_approvers
from actions.prepare import refuse_if_held
from actions.records import Action, State
from actions.results import tell_result
from actions.roads import credential_road
from actions.seal import seal_of
from actions.switches import refuse_if_off
from actions.tier import tier_of
from actions.votes import refuse_unless_entitled
from connectors.accounts import Account
from connectors.notify import Road
from core.errors import ConnectorError, EffectUnknown, LoketError, Refused, ToolFailed
from core.people import Employee
from core.risk import Risk, strictest
from storage import Tx, now
from storage.faultpoint import reached
from tools.context import ActionContext, Effect
from tools.spec import NOBODY, Tool

log = structlog.get_logger("executor")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the last check outside found, just before the claim. `valid` are the approvers whose yes still counts."""

    tool: Tool
    requester: Employee
    subject: Employee
    account: Account | None
    road: Road | None
    valid: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How an effect ended."""

    state: State
    effect: Effect = field(default_factory=Effect)
    reason: str = ""


async def execute(parts: GateParts, action: Action) -> None:
    """From `approved` to a result. Whatever goes wrong before the claim voids the action; nothing has happened then."""
    try:
        checked = await _check_outside(parts, action)
        reached("executor.checked")
        action = await parts.database.run(lambda tx: _claim(parts, tx, action.action_id, checked))
    except Overtaken:
        return
    except ConnectorError as error:
        log.warning("check_failed", action_id=action.action_id, system=error.system)
        return  # still approved: the sweep tries again until the claim time runs out
    except LoketError as error:
        reason = error.reason if isinstance(error, Refused) else type(error).__name__
        await _void(parts, action, reason)
        return
    reached("executor.claimed")
    await finish(parts, action, checked)


async def resume(parts: GateParts, action: Action) -> None:
    """An action found `executing` by somebody who did not claim it: the one who did is gone."""
    try:
        checked = await _check_outside(parts, action)
        repeats = _repeats_safely(parts, checked.tool)
    except LoketError:
        repeats = False
    if repeats:
        await finish(parts, action, checked)
    else:
        await _record(parts, action, Ended(State.UNKNOWN, reason="crashed"))


async def finish(parts: GateParts, action: Action, checked: Checked) -> None:
    """The effect and its result, for an action that is claimed."""
    ended = await _act(parts, action, checked)
    reached("executor.acted")
    await _record(parts, action, ended)
    reached("executor.recorded")


async def _check_outside(parts: GateParts, action: Action) -> Checked:
    """Read again who everybody is and what they may do: rights change while an action waits (S-13)."""
    tool = parts.tool(action.tool)
    directory = parts.systems.read.directory
    requester, subject = await directory.by_id(action.requester_id), await directory.by_id(action.subject_id)
    if requester is None or subject is None or not requester.may_use_tools or not subject.may_use_tools:
        raise Refused("account_disabled")
    if tool.groups and not tool.groups & requester.groups:
        raise Refused("not_for_you")
    account, road = None, None
    if tool.subject != NOBODY:
        account = await parts.systems.read.accounts.by_id(action.account_id or "")
        if account is None or account.employee_id != subject.employee_id:
            raise Refused("account_changed")
        road = await _road(parts, action, tool)
    votes = await parts.database.read(lambda tx: ledger.approvals(tx, action.action_id))
    valid = frozenset([who for who, _seal in votes if await _still_entitled(parts, action, who)])
    return Checked(tool, requester, subject, account, road, valid)


async def _road(parts: GateParts, action: Action, tool: Tool) -> Road | None:
    contact = await parts.systems.read.directory.contact(action.subject_id)
    if contact is None:
        raise Refused("no_second_road")
    if contact.changed_at > action.created_at:
        raise Refused("contact_changed", hours="0")
    return credential_road(contact, action.proof_method)[0] if tool.credential else None


async def _still_entitled(parts: GateParts, action: Action, employee_id: str) -> bool:
    approver = await parts.systems.read.directory.by_id(employee_id)
    if approver is None:
        return False
    try:
        refuse_unless_entitled(action, approver)
    except Refused:
        return False
    return True


def _claim(parts: GateParts, tx: Tx, action_id: str, checked: Checked) -> Action:
    """The last check inside and the claim, in one transaction. Raises `Refused` when anything has drifted."""
    action = ledger.lock(tx, action_id)
    if action is None or action.state is not State.APPROVED:
        raise Overtaken(action_id)
    moment = now(tx)
    if action.due_at is None or action.due_at <= moment or action.expires_at <= moment:
        raise Refused("expired")
    refuse_if_off(tx, action.tool)
    if checked.tool.subject != NOBODY:
        refuse_if_held(tx, action.subject_id)
    _check_seal(parts, tx, action, checked)
    _check_tier(parts, tx, action, checked)
    if action.proof_needed and action.proof_method not in ("code", "callback"):
        raise Refused("no_proof_possible")
    if checked.tool.credential and checked.road is not None:
        life = timedelta(hours=parts.settings.credential_hours)
        made = envelopes.new_credential()
        envelopes.put(tx, parts.keys, action_id, "credential", checked.road, made, life=life, ready=False)
    return move(
        tx,
        action,
        State.EXECUTING,
        actor="system:executor",
        fencing=secrets.token_hex(16),
        claimed_at=moment,
        due_at=moment + timedelta(seconds=2 * parts.settings.effect_seconds),
    )


def _check_seal(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> None:
    if seal_of(action) != action.seal or checked.tool.definition_hash != action.tool_hash:
        raise Refused("seal_broken")
    cast = {who for who, seal in ledger.approvals(tx, action.action_id) if seal == action.seal}
    if len(cast & checked.valid) < action.approvals_needed:
        raise Refused("votes_void")


def _check_tier(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> None:
    """Rules that changed since the seal void it, and so does a subject who has become more sensitive."""
    version, rules = parts.rules.current(tx)
    rule = rules.tools.get(action.tool)
    if version != action.rule_version or rule is None:
        raise Refused("rules_changed")
    tier = tier_of(rules, checked.tool, rule, checked.requester, checked.subject, checked.account)
    if action.proof_method == "callback":
        tier = strictest(tier, Risk.CRITICAL)
    if tier.rank > action.tier.rank or (tier is not Risk.WRITE and rules.needed(tier, rule) > action.approvals_needed):
        raise Refused("tier_rose")


async def _act(parts: GateParts, action: Action, checked: Checked) -> Ended:
    """Call the tool once. What surely did not happen is `failed`; what nobody can know is `unknown`."""
    credential = await parts.database.read(lambda tx: envelopes.unseal(tx, parts.keys, action.action_id, "credential"))
    reached("executor.before_effect")
    try:
        async with asyncio.timeout(parts.settings.effect_seconds):
            effect = await checked.tool.run(_context(parts, action, checked, credential), **action.arguments)
    except EffectUnknown as error:
        log.warning("effect_unknown", action_id=action.action_id, system=error.system)
        return Ended(State.UNKNOWN, reason="no_answer")
    except ConnectorError as error:
        log.warning("effect_failed", action_id=action.action_id, system=error.system)
        return Ended(State.FAILED, reason="system_refused")
    except (Refused, ToolFailed) as error:
        return Ended(State.FAILED, reason=error.reason if isinstance(error, Refused) else "system_refused")
    except TimeoutError:
        return Ended(State.UNKNOWN, reason="no_answer")
    except Exception as error:  # noqa: BLE001 - a tool's bug says nothing about whether the effect happened
        log.error("effect_crashed", action_id=action.action_id, error=type(error).__name__)
        return Ended(State.UNKNOWN, reason="crashed")
    return Ended(State.DONE, effect if isinstance(effect, Effect) else Effect())


def _context(parts: GateParts, action: Action, checked: Checked, credential: SecretStr | None) -> ActionContext:
    return ActionContext(
        key=action.action_id,
        requester=checked.requester,
        subject=checked.subject,
        account=checked.account,
        credential=credential,
        claimed_at=action.claimed_at or action.created_at,
        systems=parts.systems.change,
    )


async def _record(parts: GateParts, action: Action, ended: Ended) -> None:
    known = await background(parts, action)
    contact = await parts.systems.read.directory.contact(action.subject_id) if action.account_id else None

    def write(tx: Tx) -> None:
        try:
            after = move(tx, action, ended.state, actor="system:executor", **_result(ended))
        except Overtaken:
            return
        if ended.state is State.DONE:
            envelopes.release(tx, action.action_id, "credential")
            tx.after_commit.append(lambda: parts.wake(action.action_id))  # to send it
        elif ended.state is State.FAILED:
            envelopes.destroy(tx, action.action_id, "credential", state="failed")
        tell_result(parts, tx, after, contact)
        post_approvers(parts, tx, after, known)

    await parts.database.run(write)


def _result(ended: Ended) -> dict[str, Any]:
    return {
        "reference": ended.effect.reference,
        "result_address": ended.effect.address,
        "reason": ended.reason,
        "due_at": None,
    }


async def _void(parts: GateParts, action: Action, reason: str) -> None:
    known = await background(parts, action)

    def write(tx: Tx) -> None:
        try:
            to = State.EXPIRED if reason == "expired" else State.REFUSED
            after = move(tx, action, to, actor="system:executor", due_at=None, reason=reason)
        except Overtaken:
            return
        note(tx, after, "claim.refused", actor="system:executor", result=reason)
        tell_result(parts, tx, after, None)
        post_approvers(parts, tx, after, known)

    await parts.database.run(write)


def _repeats_safely(parts: GateParts, tool: Tool) -> bool:
    """Does the system behind this tool recognise a repeated key? Only then may an effect be tried again."""
    if tool.name in parts.own_tools:
        return True
    systems = parts.systems.change
    return systems.accounts.repeats_safely if tool.subject != NOBODY else systems.tickets.repeats_safely


async def reconcile(parts: GateParts, action: Action, give_up: timedelta) -> None:
    """Read whether a doubtful effect happened. Found: `done`. Surely not, and long enough ago: `failed`."""
    tool = parts.tool(action.tool)
    if tool.reconcile is None:
        return
    try:
        checked = await _check_outside(parts, action)
        effect = await tool.reconcile(_context(parts, action, checked, None), **action.arguments)
        moment = await parts.database.read(now)
    except LoketError as error:
        log.warning("reconcile_failed", action_id=action.action_id, error=type(error).__name__)
        return
    if effect is not None:
        await _record(parts, action, Ended(State.DONE, effect, "reconciled"))
    elif action.claimed_at is not None and moment - action.claimed_at > give_up:
        await _record(parts, action, Ended(State.FAILED, reason="reconciled"))


async def settle_by_hand(parts: GateParts, action: Action, approver: Employee, done: bool) -> None:
    """A person looked outside and says what happened."""
    await parts.database.run(
        lambda tx: note(
            tx, action, "action.settled", actor=f"employee:{approver.employee_id}", result="done" if done else "failed"
        )
    )
    await _record(parts, action, Ended(State.DONE if done else State.FAILED, reason="settled"))
