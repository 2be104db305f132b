"""The executor: check everything again, claim, act once, record. It holds the accounts that change things and no model.

claim (state, credential, audit, fencing id in one transaction) → a last look → effect → result → delivery of the
credential. An executor that finds an action still `executing` after its time comes after a crash: it repeats only
where the system itself recognises a repeat, and says `unknown` otherwise.
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
from actions.attaching import begin as begin_attaching
from actions.checking import Checked, check_claimed, check_inside, check_outside, context
from actions.files import for_the_tool
from actions.flow import MOVES, Overtaken, move, note, touch
from actions.made import settle_credential
from actions.parts import GateParts
from actions.posting import background_or_nothing, post_approvers
from actions.records import Action, State
from actions.results import alert, tell_result
from actions.switches import refuse_if_off
from core.errors import ConnectorError, EffectUnknown, LoketError, Refused, ToolFailed
from core.people import Contact
from core.tracing import span
from storage import Tx, now
from storage.faultpoint import around_commit, reached
from storage.keys import SealBroken
from tools.context import Effect
from tools.spec import Tool

log = structlog.get_logger("executor")


@dataclass(frozen=True, slots=True)
class Ended:
    """How an effect ended. `actor` is who found out; `effect` never holds a credential, `made` is the one that the
    outside system made, if it did."""

    state: State
    effect: Effect = field(default_factory=Effect)
    reason: str = ""
    actor: str = "system:executor"
    made: SecretStr | None = field(default=None, repr=False)
    made_minutes: int = 0


async def execute(parts: GateParts, action: Action) -> None:
    """From `approved` to a result. Whatever goes wrong before the claim voids the action; nothing has happened then.

    Raises `ConfigError` in a process without the gate's keys: that is no reason to void what others can carry out.
    """
    parts.keys.must_have()
    try:
        checked = await check_outside(parts, action)
        reached("executor.checked")
        with span("claim", action_id=action.action_id, tool=action.tool):
            action = await parts.database.run(lambda tx: _claim(parts, tx, action.action_id, checked))
    except Overtaken:
        return
    except ConnectorError as error:
        log.warning("check_failed", action_id=action.action_id, system=error.system)
        return  # still approved: the sweep tries again until the claim time runs out
    except LoketError as error:
        await _void(parts, action, error.reason if isinstance(error, Refused) else type(error).__name__)
        return
    reached("executor.claimed")
    await _finish(parts, action, checked, again=False)


async def resume(parts: GateParts, action: Action) -> None:
    """An action that is still `executing` when its time is over: whoever claimed it is gone."""
    try:
        if not _repeats_safely(parts, action):
            await parts.database.run(lambda tx: _in_time(tx, action))
            await record(parts, action, Ended(State.UNKNOWN, reason="crashed"))
            return
        checked = await check_outside(parts, action)
        mine = await parts.database.run(lambda tx: _take_over(parts, tx, action, checked))
    except Overtaken:
        return
    except ConnectorError as error:
        log.warning("check_failed", action_id=action.action_id, system=error.system)
        return  # a repeat is safe later, too
    except LoketError:
        await record(parts, action, Ended(State.UNKNOWN, reason="crashed"))
        return
    await _finish(parts, mine, checked, again=True)


async def record(
    parts: GateParts, action: Action, ended: Ended, checked: Checked | None = None, contact: Contact | None = None
) -> bool:
    """Keep how it ended; all who must know hear it in the same transaction. False when another claim took it over.

    Between the effect and this nothing is read outside: a directory that is down must not turn `done` into doubt.
    """
    known = checked.known if checked else await background_or_nothing(parts, action)
    contact = checked.contact if checked else contact

    def write(tx: Tx) -> bool:
        fresh = ledger.lock(tx, action.action_id)
        if fresh is None or fresh.fencing != action.fencing or ended.state not in MOVES[fresh.state]:
            return False
        after = move(tx, fresh, ended.state, actor=ended.actor, **_result(tx, ended))
        settle_credential(parts, tx, fresh, ended.state, ended.made, ended.made_minutes)
        tell_result(parts, tx, after, contact, checked.subject.language if checked else "")
        post_approvers(parts, tx, after, known)
        if after.state is State.DONE:
            begin_attaching(tx, after)
        return True

    return await parts.database.run(write)


def _claim(parts: GateParts, tx: Tx, action_id: str, checked: Checked) -> Action:
    """The check inside and the claim, in one transaction. Raises `Refused` when anything has drifted."""
    action = ledger.lock(tx, action_id)
    if action is None or action.state is not State.APPROVED:
        raise Overtaken(action_id)
    check_inside(parts, tx, action, checked)
    if checked.tool.credential and checked.road is not None:
        life = timedelta(hours=parts.settings.credential_hours)
        made = envelopes.new_credential()
        envelopes.put(tx, parts.keys, action_id, "credential", checked.road, made, life=life, ready=False)
    return move(tx, action, State.EXECUTING, actor="system:executor", claimed_at=now(tx), **_lease(parts, tx))


def _lease(parts: GateParts, tx: Tx) -> dict[str, Any]:
    """A claim of one's own, and the time at which another may call it abandoned."""
    return {
        "fencing": secrets.token_hex(16),
        "due_at": now(tx) + timedelta(seconds=1.5 * parts.settings.effect_seconds),
    }


def _in_time(tx: Tx, action: Action) -> Action:
    """The action, if it may be called abandoned now. Raises `Overtaken` while its executor still has time."""
    fresh = ledger.lock(tx, action.action_id)
    if fresh is None or fresh.state is not State.EXECUTING or fresh.due_at is None or fresh.due_at > now(tx):
        raise Overtaken(action.action_id)
    return fresh


def _take_over(parts: GateParts, tx: Tx, action: Action, checked: Checked) -> Action:
    fresh = _in_time(tx, action)
    check_claimed(parts, tx, fresh, checked)
    mine = touch(tx, fresh, **_lease(parts, tx))
    note(tx, mine, "action.resumed", actor="system:executor", result="again")
    around_commit(tx, "executor.take_over")
    return mine


async def _finish(parts: GateParts, action: Action, checked: Checked, *, again: bool) -> None:
    """The effect and its result, for an action that is claimed."""
    try:
        with span("effect", action_id=action.action_id, tool=action.tool) as seen:
            ended = await _act(parts, action, checked, again=again)
            seen.set(state=ended.state.value)
    except Overtaken:
        return
    reached("executor.acted")
    await record(parts, action, ended, checked)
    reached("executor.recorded")


async def _act(parts: GateParts, action: Action, checked: Checked, *, again: bool) -> Ended:
    """Call the tool once. What surely did not happen is `failed`; what nobody can know is `unknown`."""
    not_done = State.UNKNOWN if again else State.FAILED
    try:
        credential = await parts.database.read(lambda tx: _last_look(parts, tx, action))
    except (Refused, SealBroken) as error:
        return Ended(not_done, reason=error.reason if isinstance(error, Refused) else "seal_broken")
    reached("executor.before_effect")
    try:
        async with asyncio.timeout(parts.settings.effect_seconds):
            effect = await checked.tool.run(context(parts, action, checked, credential), **for_the_tool(action))
    except EffectUnknown as error:
        log.warning("effect_unknown", action_id=action.action_id, system=error.system)
        return Ended(State.UNKNOWN, reason="no_answer")
    except (ConnectorError, Refused, ToolFailed) as error:
        log.warning("effect_failed", action_id=action.action_id, error=type(error).__name__)
        return Ended(not_done, reason=error.reason if isinstance(error, Refused) else "system_refused")
    except TimeoutError:
        return Ended(State.UNKNOWN, reason="no_answer")
    except Exception as error:  # noqa: BLE001 - a tool's bug says nothing about whether the effect happened
        log.error("effect_crashed", action_id=action.action_id, error=type(error).__name__)
        return Ended(State.UNKNOWN, reason="crashed")
    return _done(effect if isinstance(effect, Effect) else Effect(), credential)


def _last_look(parts: GateParts, tx: Tx, action: Action) -> SecretStr | None:
    """The credential, for an executor that is still in time: one that was paused since its claim must not act late."""
    fresh = ledger.get(tx, action.action_id)
    if fresh.state is not State.EXECUTING or fresh.fencing != action.fencing or fresh.due_at is None:
        raise Overtaken(action.action_id)
    if fresh.due_at - now(tx) < timedelta(seconds=parts.settings.effect_seconds):
        raise Refused("crashed")
    refuse_if_off(tx, action.tool)
    return envelopes.unseal(tx, parts.keys, action.action_id, "credential")


def _done(effect: Effect, credential: SecretStr | None) -> Ended:
    """What was done, and apart from it the credential that the outside system made in the place of ours."""
    if effect.made is not None:
        reached("executor.pass_made")
    plain = Effect(effect.reference, effect.address)
    for secret in (credential, effect.made):  # a tool that puts one into its result has a bug, not a reader
        text = secret.get_secret_value() if secret else ""
        if text and text in plain.reference + plain.address:
            plain = Effect()
    return Ended(State.DONE, plain, made=effect.made, made_minutes=effect.made_minutes)


def _result(tx: Tx, ended: Ended) -> dict[str, Any]:
    return {
        "reference": ended.effect.reference[:200],
        "result_address": ended.effect.address[:400],
        "reason": ended.reason[:400],
        "due_at": now(tx) if ended.state is State.UNKNOWN else None,  # the sweep looks outside
    }


async def _void(parts: GateParts, action: Action, reason: str) -> None:
    known = await background_or_nothing(parts, action)

    def write(tx: Tx) -> None:
        try:
            to = State.EXPIRED if reason == "expired" else State.REFUSED
            after = move(tx, action, to, actor="system:executor", due_at=None, reason=reason)
        except Overtaken:
            return
        note(tx, after, "claim.refused", actor="system:executor", result=reason)
        tell_result(parts, tx, after, None)
        post_approvers(parts, tx, after, known)
        if reason == "seal_broken":
            alert(parts, tx, after, "alert_tampered")

    await parts.database.run(write)


def _repeats_safely(parts: GateParts, action: Action) -> bool:
    """Does the system behind this tool recognise a repeated key? Only then may an effect be tried again."""
    if action.tool in parts.own_tools:
        return True
    tool: Tool = parts.tool(action.tool, action.tool_hash)
    systems = parts.systems.changing
    safe = {"accounts": systems.accounts.repeats_safely, "tickets": systems.tickets.repeats_safely, "service": True}
    return safe.get(tool.repeats_with, False)
