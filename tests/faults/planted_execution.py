"""Planted bugs of the executor and of telling people: once and only once, no false done, nobody left untold."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa


def executing_repeated() -> None:
    """Whatever is still executing is done again, key or no key."""
    from actions import executor

    executor._repeats_safely = lambda *_: True


def second_claim() -> None:
    """A claim asks neither for the state nor for the version."""
    from actions import executor, flow
    from actions.records import State
    from actions.tables import actions

    def claim(parts: Any, tx: Any, action_id: str, checked: Any) -> Any:
        action = executor.ledger.lock(tx, action_id)
        assert action is not None
        values = {"claimed_at": executor.now(tx), **executor._lease(parts, tx)}
        if checked.tool.credential and checked.road is not None:
            made = executor.envelopes.new_credential()
            life = executor.timedelta(hours=1)
            executor.envelopes.put(tx, parts.keys, action_id, "credential", checked.road, made, life=life, ready=False)
        tx.change(
            sa.update(actions).where(actions.c.action_id == action_id).values(state=State.EXECUTING.value, **values)
        )
        flow.note(tx, action, "action.executing", actor="system:executor", result="executing")
        return executor.ledger.get(tx, action_id)

    executor._claim = claim


def key_random() -> None:
    """Every try has another idempotency key."""
    from actions import executor

    context = executor.context
    executor.context = lambda *a: replace(context(*a), key=str(uuid.uuid4()))


def false_done() -> None:
    """A system that refused counts as one that did it."""
    from actions import executor
    from actions.records import State

    act = executor._act

    async def done(*args: Any, **named: Any) -> Any:
        ended = await act(*args, **named)
        return replace(ended, state=State.DONE) if ended.state is State.FAILED else ended

    executor._act = done


def doubt_is_done() -> None:
    """An effect that nobody knows of counts as done."""
    from actions import executor
    from actions.records import State

    record = executor.record

    async def sure(parts: Any, action: Any, ended: Any, *more: Any) -> bool:
        ended = replace(ended, state=State.DONE) if ended.state is State.UNKNOWN else ended
        return await record(parts, action, ended, *more)

    executor.record = sure


def sweep_wakes_nobody() -> None:
    """What is approved is forgotten when the wake-up got lost."""
    from actions import sweep

    sweep._to_wake = lambda _tx: []
    sweep.expire = sweep.look


def doubt_untold() -> None:
    """Nobody hears of a doubt but the requester."""
    from actions import results

    results.alert = lambda *_: None


def result_untold() -> None:
    """The requester never hears how it ended."""
    from actions import results

    results.tell_requester = lambda *_: None


def subject_untold() -> None:
    """Whoever's account was changed hears nothing."""
    from actions import results

    results._notify_subject = lambda *_: None


def card_left_open() -> None:
    """The approvers' card stays as it was asked."""
    from actions import deciding, executor
    from actions.records import State

    post = executor.post_approvers

    def only_asking(parts: Any, tx: Any, action: Any, known: Any) -> None:
        if action.state is State.AWAITING_APPROVAL:
            post(parts, tx, action, known)

    executor.post_approvers = only_asking
    deciding.post_approvers = only_asking


def envelope_kept() -> None:
    """A credential that has left is still in the database."""
    from actions import envelopes

    envelopes.sent = lambda tx, action_id, kind: envelopes._set(tx, action_id, kind, state="gone")


def credential_twice() -> None:
    """Every try to send is another message."""
    from connectors.notify.embedded import FolderNotifier

    send = FolderNotifier.send

    async def anew(self: Any, road: Any, address: str, subject: str, text: Any, key: str) -> None:
        await send(self, road, address, subject, text, f"{key}:{uuid.uuid4()}")

    FolderNotifier.send = anew  # type: ignore[method-assign]


def credential_in_chat() -> None:
    """The new credential is said in the chat as well."""
    from actions import executor
    from actions.posting import tell_requester

    seen: dict[str, str] = {}
    act = executor._act

    async def remembering(parts: Any, action: Any, checked: Any, *, again: bool) -> Any:
        secret = await parts.database.read(
            lambda tx: executor.envelopes.unseal(tx, parts.keys, action.action_id, "credential")
        )
        seen[action.action_id] = secret.get_secret_value() if secret else ""
        return await act(parts, action, checked, again=again)

    tell = executor.tell_result

    def telling(parts: Any, tx: Any, action: Any, *more: Any) -> None:
        tell(parts, tx, action, *more)
        tell_requester(tx, action, "secret", f"Your new password is {seen.get(action.action_id)}")

    executor._act = remembering
    executor.tell_result = telling


def audit_row_skipped() -> None:
    """A claim leaves no row in the audit."""
    from actions import flow

    note = flow.note

    def silent(tx: Any, action: Any, verb: str, **more: Any) -> None:
        if verb != "action.executing":
            note(tx, action, verb, **more)

    flow.note = silent


EXECUTION_BUGS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        executing_repeated,
        second_claim,
        key_random,
        false_done,
        doubt_is_done,
        sweep_wakes_nobody,
        doubt_untold,
        result_untold,
        subject_untold,
        card_left_open,
        envelope_kept,
        credential_twice,
        credential_in_chat,
        audit_row_skipped,
    )
}
