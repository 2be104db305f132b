"""Ending doubt: what became of an action whose effect may have happened, found out by reading or said by a person."""

from __future__ import annotations

from datetime import timedelta

import structlog

from actions import ledger
from actions.cards import Background
from actions.checking import Checked, context
from actions.escalation import second_groups
from actions.executor import Ended, record
from actions.files import for_the_tool
from actions.flow import touch
from actions.parts import GateParts
from actions.posting import background_or_nothing
from actions.records import Action, State
from actions.votes import refuse_unless_entitled
from core.errors import LoketError, Refused
from core.people import Contact, Employee
from storage import Tx, now
from storage.faultpoint import around_commit, reached
from tools.context import Effect

GIVE_UP_DOUBT = timedelta(minutes=10)
"""After this long without a trace outside, an effect that may have happened counts as not happened. Longer than any
call can last (`effect_seconds`), and than the life of a process that has stopped answering."""
log = structlog.get_logger("doubt")


async def clear_up(parts: GateParts, action: Action) -> None:
    """Look outside what became of an effect that may have happened; later again, ever more seldom, if nobody knows."""
    mine = await parts.database.run(lambda tx: _reserve(parts, tx, action.action_id))
    if mine is not None:
        await reconcile(parts, mine, GIVE_UP_DOUBT)


def pause_after(age: timedelta) -> timedelta:
    """How long to wait before the next look at a doubt of this age; the moment of giving up is not missed."""
    pause = min(max(age / 4, timedelta(seconds=5)), timedelta(minutes=10))
    left = GIVE_UP_DOUBT - age + timedelta(milliseconds=10)
    return min(pause, left) if left > timedelta(0) else pause


def _reserve(parts: GateParts, tx: Tx, action_id: str) -> Action | None:
    """The action, if this sweep is the one to look now; without `due_at` when nobody but a person can find out."""
    action, moment = ledger.lock(tx, action_id), now(tx)
    if action is None or action.state is not State.UNKNOWN or action.due_at is None or action.due_at > moment:
        return None
    again = moment + pause_after(moment - (action.claimed_at or action.created_at))
    readable = _can_be_read(parts, action)
    mine = touch(tx, action, due_at=again if readable else None)
    around_commit(tx, "doubt.reserve")
    return mine if readable else None


def _can_be_read(parts: GateParts, action: Action) -> bool:
    try:
        return parts.tool(action.tool, action.tool_hash).reconcile is not None
    except LoketError:
        return False  # the tool is gone; a start with it looks again


async def reconcile(parts: GateParts, action: Action, give_up: timedelta) -> None:
    """Read whether a doubtful effect happened. Found: `done`. Surely not, and long enough ago: `failed`.

    Only reads, so nobody's rights matter: a person who has left since must not leave the doubt behind for ever.
    """
    try:
        tool = parts.tool(action.tool, action.tool_hash)
        if tool.reconcile is None:
            return
        seen = await _seen(parts, action)
        effect = await tool.reconcile(context(parts, action, seen, None), **for_the_tool(action))
        reached("doubt.looked")
        moment = await parts.database.read(now)
    except LoketError as error:
        log.warning("reconcile_failed", action_id=action.action_id, error=type(error).__name__)
        return
    except Exception as error:  # noqa: BLE001 - one tool's bug must not keep the sweep from all others
        log.error("reconcile_crashed", action_id=action.action_id, error=type(error).__name__)
        return
    if isinstance(effect, Effect):
        await record(parts, action, Ended(State.DONE, effect, "reconciled"), seen)
    elif action.claimed_at is not None and moment - action.claimed_at > give_up:
        await record(parts, action, Ended(State.FAILED, reason="reconciled"), seen)


async def settle_by_hand(parts: GateParts, action: Action, person: Employee, done: bool) -> bool:
    """A person looked outside and says what happened. False when it was settled before. Raises `Refused`."""
    await parts.database.read(lambda tx: _refuse_unless_concerned(parts, tx, action, person))
    contact: Contact | None = None
    if done and action.account_id:
        contact = await parts.systems.read.directory.contact(action.subject_id)
    ended = Ended(
        State.DONE if done else State.FAILED,
        Effect(action.reference, action.result_address),
        reason="settled",
        actor=f"employee:{person.employee_id}",
    )
    return await record(parts, action, ended, contact=contact)


def _refuse_unless_concerned(parts: GateParts, tx: Tx, action: Action, person: Employee) -> None:
    """Its approvers, and those whom the rules alert: a ticket has no approvers, and somebody must be able to."""
    _version, rules = parts.rules.current(tx)
    also = frozenset(rules.alerts) | second_groups(parts, tx, action)
    refuse_unless_entitled(ledger.get(tx, action.action_id), person, also)


async def _seen(parts: GateParts, action: Action) -> Checked:
    """What a reconciling read needs. Raises `Refused` when somebody is not in the directory any more."""
    directory = parts.systems.read.directory
    requester, subject = await directory.by_id(action.requester_id), await directory.by_id(action.subject_id)
    if requester is None or subject is None:
        raise Refused("account_disabled")
    account = await parts.systems.read.accounts.by_id(action.account_id) if action.account_id else None
    contact = await directory.contact(action.subject_id) if action.account_id else None
    known: Background = await background_or_nothing(parts, action)
    return Checked(
        parts.tool(action.tool, action.tool_hash), requester, subject, account, contact, None, frozenset(), known
    )
