"""The life of an action: one table of moves, and the only function that makes one.

The diagram in docs/one-action.md is generated from `MOVES` (`python -m actions.flow`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from actions.ledger import get
from actions.records import Action, State
from actions.tables import actions
from core.errors import LoketError
from storage import AuditEntry, Tx
from storage.audit import record
from storage.faultpoint import around_commit

MOVES: dict[State, dict[State, str]] = {
    State.AWAITING_CONFIRMATION: {
        State.AWAITING_PROOF: "requester confirms; identity must be proved",
        State.AWAITING_APPROVAL: "requester confirms; proof is not asked or is a call-back",
        State.APPROVED: "requester confirms; their own yes is enough",
        State.CANCELLED: "requester withdraws, or an unwanted change was reported",
        State.EXPIRED: "nobody confirmed in time",
    },
    State.AWAITING_PROOF: {
        State.AWAITING_APPROVAL: "the code was right, the requester signed in, or neither can be done",
        State.REFUSED: "the code was wrong too often",
        State.CANCELLED: "requester withdraws, or an unwanted change was reported",
        State.EXPIRED: "no proof in time",
    },
    State.AWAITING_APPROVAL: {
        State.APPROVED: "enough entitled people said yes to this seal",
        State.DENIED: "the first no",
        State.CANCELLED: "requester withdraws, or an unwanted change was reported",
        State.EXPIRED: "not enough votes in time",
    },
    State.APPROVED: {
        State.EXECUTING: "the executor claims it",
        State.REFUSED: "the last check before the claim found a change",
        State.EXPIRED: "not claimed in time",
        State.CANCELLED: "an unwanted change was reported",
    },
    State.EXECUTING: {
        State.DONE: "the outside system did it",
        State.FAILED: "the outside system surely did not do it",
        State.UNKNOWN: "it may have happened; a person is told",
    },
    State.UNKNOWN: {
        State.DONE: "a reconciling read or a person found it done",
        State.FAILED: "a reconciling read or a person found it not done",
    },
    State.DONE: {},
    State.FAILED: {},
    State.REFUSED: {},
    State.DENIED: {},
    State.EXPIRED: {},
    State.CANCELLED: {},
}

OPEN = frozenset(
    {State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.AWAITING_APPROVAL, State.APPROVED, State.EXECUTING}
)
"""States in which an action still holds its subject's only card. `unknown` too: nobody knows what a second would do."""
HOLDS_SUBJECT = OPEN | {State.UNKNOWN}


class Overtaken(LoketError):
    """Somebody else moved the action first; nothing was changed."""


def move(tx: Tx, action: Action, to: State, *, actor: str, origin: str = "loket", **changes: Any) -> Action:
    """Compare-and-set from `action.state` to `to`, with its audit row. Returns the action as it is now.

    Raises `Overtaken` when the row is no longer as `action` says, ValueError for a move that is not in the table.
    """
    if to not in MOVES[action.state]:
        raise ValueError(f"there is no move from {action.state!r} to {to!r}")
    values = {"state": to.value, "version": action.version + 1, **changes}
    if to not in HOLDS_SUBJECT:
        values["open_subject"] = None
    changed = tx.change(
        sa.update(actions)
        .where(
            actions.c.action_id == action.action_id,
            actions.c.state == action.state.value,
            actions.c.version == action.version,
        )
        .values(**values)
    )
    if changed != 1:
        raise Overtaken(action.action_id)
    note(tx, action, f"action.{to}", actor=actor, result=to.value, origin=origin, reason=str(changes.get("reason", "")))
    around_commit(tx, f"move.{to}")
    return get(tx, action.action_id)


def touch(tx: Tx, action: Action, **changes: Any) -> Action:
    """Change columns without leaving the state, under the same compare-and-set."""
    changed = tx.change(
        sa.update(actions)
        .where(
            actions.c.action_id == action.action_id,
            actions.c.state == action.state.value,
            actions.c.version == action.version,
        )
        .values(version=action.version + 1, **changes)
    )
    if changed != 1:
        raise Overtaken(action.action_id)
    return get(tx, action.action_id)


def note(tx: Tx, action: Action, verb: str, *, actor: str, result: str, origin: str = "loket", **payload: str) -> None:
    """One audit row about an action."""
    record(
        tx,
        AuditEntry(
            actor=actor,
            verb=verb,
            object=f"action:{action.action_id}",
            result=result,
            origin=origin,
            request=action.event_id,
            policy=f"rules:{action.rule_version}",
            subject=action.subject_id,
            payload={"tool": action.tool, "seal": action.seal, **{k: v for k, v in payload.items() if v}},
        ),
    )


def diagram() -> str:
    """The table of moves as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> awaiting_confirmation: proposed"]
    for state, moves in MOVES.items():
        lines += [f"    {state} --> {to}: {why}" for to, why in moves.items()]
        if not moves:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(diagram() + "\n")
