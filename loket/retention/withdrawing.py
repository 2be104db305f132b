"""Withdrawing what is open about a person, so that they can be erased; everybody's card says so."""

from __future__ import annotations

from collections.abc import Iterable

from actions import envelopes, ledger
from actions.cards import Background
from actions.flow import MOVES, move
from actions.parts import GateParts
from actions.posting import post_approvers, post_requester
from actions.records import Action, State
from actions.words import say
from storage import Tx


def withdraw_all(parts: GateParts, tx: Tx, open_ones: Iterable[Action], actor: str) -> int:
    """Cancel every action that still can be; returns how many. What is being carried out or in doubt stays."""
    withdrawn = 0
    for found in open_ones:
        action = ledger.lock(tx, found.action_id)
        if action is None or State.CANCELLED not in MOVES[action.state]:
            continue
        envelopes.destroy(tx, action.action_id, "code", state="failed")
        after = move(tx, action, State.CANCELLED, actor=actor, due_at=None)
        post_requester(tx, after, say("ended_cancelled", after.language, title=after.title))
        if after.asked_at is not None:
            post_approvers(parts, tx, after, Background())
        withdrawn += 1
    return withdrawn
