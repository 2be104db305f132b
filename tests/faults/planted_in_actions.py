"""Planted bugs of the gate. Each function changes one thing in this process, before the service starts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa


def seal_unchecked() -> None:
    """What is claimed need not be what was sealed."""
    from actions import checking

    checking.seal_of = lambda action: action.seal


def recheck_skipped() -> None:
    """Nobody looks again before the claim who the approvers are."""
    from actions import checking

    async def entitled(*_: Any) -> bool:
        return True

    checking._still_entitled = entitled


def expiry_unchecked() -> None:
    """A yes counts for ever: neither the claim nor the sweep looks at the clock."""
    from actions import checking, executor, sweep

    inside = checking.check_inside

    def timeless(parts: Any, tx: Any, action: Any, checked: Any) -> None:
        far = action.expires_at.replace(year=action.expires_at.year + 10)
        seal = checking.seal_of
        checking.seal_of = lambda _late: seal(action)
        try:
            inside(parts, tx, replace(action, due_at=far, expires_at=far), checked)
        finally:
            checking.seal_of = seal

    async def nothing(*_: Any) -> None:
        """Let it be."""

    executor.check_inside = timeless
    sweep.expire = nothing


def switch_ignored() -> None:
    """The kill switch is thrown and nothing stops: neither the registry nor the gate looks at it."""
    from actions import checking, executor
    from loket import switchboard

    switchboard.switched_off = lambda _tx: {}
    checking.refuse_if_off = lambda *_: None
    executor.refuse_if_off = lambda *_: None


def other_account() -> None:
    """The effect goes to the first account of somebody else."""
    from connectors.accounts.embedded import EmbeddedAccounts

    change = EmbeddedAccounts._change

    async def wrong(self: Any, account_id: str, kind: Any, key: str, work: Any) -> None:
        await change(self, "tom.bakker" if account_id != "tom.bakker" else "daan.mulder", kind, key, work)

    EmbeddedAccounts._change = wrong  # type: ignore[method-assign]


def other_words() -> None:
    """The ticket says something else than the draft did."""
    from connectors.tickets.embedded import EmbeddedTickets

    create = EmbeddedTickets.create

    async def wrong(self: Any, draft: Any, key: str) -> Any:
        return await create(self, replace(draft, summary="chair"), key)

    EmbeddedTickets.create = wrong  # type: ignore[method-assign]


def anybody_approves() -> None:
    """Whoever clicks may approve, at the click and at the claim."""
    from actions import checking, votes

    votes.refuse_unless_entitled = lambda *_, **__: None
    checking.refuse_unless_entitled = lambda *_, **__: None


def votes_by_account() -> None:
    """The same person counts once for each time they click."""
    from actions import checking, votes

    record, clicks = votes._record, iter(range(2, 100))
    votes._not_twice = lambda *_: None

    def counting(parts: Any, tx: Any, action: Any, ballot: Any, seconds: float, *, braked: bool) -> None:
        who = ballot.approver.employee_id
        if who in votes.voters(tx, action.action_id):
            ballot = replace(ballot, approver=replace(ballot.approver, employee_id=f"{who}-{next(clicks)}"))
        record(parts, tx, action, ballot, seconds, braked=braked)

    async def entitled(*_: Any) -> bool:
        return True

    votes._record = counting
    checking._still_entitled = entitled


def deny_ignored() -> None:
    """The first no is written down and nothing comes of it."""
    from actions import votes

    votes._deny = lambda _tx, action, _ballot: action


def confirmation_skipped() -> None:
    """What the model proposes is done at once."""
    from actions import propose as module
    from actions.flow import move
    from actions.records import State
    from actions.stamps import stamp
    from actions.tables import actions

    propose = module.propose

    def at_once(parts: Any, tx: Any, prepared: Any, origin: Any) -> Any:
        reply = propose(parts, tx, prepared, origin)
        action = module.ledger.get(tx, origin.action_id)
        yes = stamp(parts.keys, "confirm", action.action_id, action.seal)
        tx.change(sa.update(actions).where(actions.c.action_id == action.action_id).values(confirm_stamp=yes))
        move(tx, action, State.APPROVED, actor="system:agent", due_at=action.expires_at)
        return reply

    from actions import gate

    gate.propose = at_once


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


ACTION_BUGS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        seal_unchecked,
        recheck_skipped,
        expiry_unchecked,
        switch_ignored,
        other_account,
        other_words,
        anybody_approves,
        votes_by_account,
        deny_ignored,
        confirmation_skipped,
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
