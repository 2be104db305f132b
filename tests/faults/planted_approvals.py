"""Planted bugs of approval. Each function changes one thing in this process, before the service starts."""

from __future__ import annotations

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


APPROVAL_BUGS: dict[str, Callable[[], None]] = {
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
    )
}
