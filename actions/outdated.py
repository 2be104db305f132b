"""When a newer version of a tool comes in force, or it is taken away: what waits on another version is voided."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from actions import envelopes, ledger
from actions.cards import Background
from actions.flow import MOVES, move
from actions.parts import GateParts
from actions.posting import post_approvers
from actions.records import Action, State
from actions.results import tell_result
from actions.tables import actions
from core.errors import ConfigError, Refused
from core.outcomes import Outcome
from core.people import Employee
from storage import Tx
from storage.faultpoint import around_commit
from tools.added import versions
from tools.added.kinds import Way, kind_of
from tools.added.versions import InForce

REASON = "tool_changed"
_WAITS = tuple(state for state, after in MOVES.items() if State.CANCELLED in after)


def void_outdated(parts: GateParts, tx: Tx, name: str) -> int:
    """Withdraw every waiting action of this tool whose version is no longer in force; returns how many.

    What was agreed to is not what would run: so nothing runs, and requester and approvers are told in a sentence.
    What is being carried out at this moment goes on. An action filed at the same moment by somebody who had not seen
    the release is refused by the check before the claim, for the same reason and in the same words.
    """
    kept = _definitions(tx, name)
    return void_waiting(parts, tx, name, REASON, lambda action: action.tool_hash not in kept)


def void_waiting(parts: GateParts, tx: Tx, tool: str, reason: str, outdated: Callable[[Action], bool]) -> int:
    """Withdraw every waiting action of this tool that is outdated, for that reason; returns how many."""
    voided = 0
    for found in ledger.select(tx, actions.c.tool == tool, ledger.in_states(_WAITS)):
        action = ledger.lock(tx, found.action_id)
        if action is None or not outdated(action) or State.CANCELLED not in MOVES[action.state]:
            continue
        envelopes.destroy(tx, action.action_id, "code", state="failed")
        after = move(tx, action, State.CANCELLED, actor="system:executor", due_at=None, reason=reason)
        tell_result(parts, tx, after, None)
        if action.asked_at is not None:
            post_approvers(parts, tx, after, Background())
        around_commit(tx, "outdated.void")
        voided += 1
    return voided


def _definitions(tx: Tx, name: str) -> frozenset[str]:
    """The definition hashes of what is in force: none where it cannot be loaded."""
    kept: set[str] = set()
    for release in versions.in_force(tx).get(name, InForce()).releases:
        row = versions.version(tx, release.name, release.number)
        try:
            document = row.read() if row is not None and row.hash == release.hash else None
            if document is not None:
                kept.add(kind_of(document.kind).load(document, Way(role="web")).tool.definition_hash)
        except ConfigError:
            continue
    return frozenset(kept)


async def take_away(parts: GateParts, admin: Employee, name: str, *, canary: bool = False) -> bool:
    """Retire a tool, or (`canary`) only the version that some were offered first; False when there is nothing to take.

    It only takes away, so one admin's word is enough; what waits on it is voided. To bring it back is a release.
    Raises `Refused` for anybody but an admin. Needs an account of the database that may write releases: the executor's
    or the owner's.
    """
    if "admins" not in admin.groups or not admin.may_use_tools:
        raise Refused("not_for_you", Outcome.REFUSED_NOT_ENTITLED)
    actor, once = f"employee:{admin.employee_id}", f"taken-away:{uuid4()}"

    def take(tx: Tx) -> bool:
        step = versions.withdraw_canary if canary else versions.retire
        if step(tx, name, actor, once) is None:
            return False
        void_outdated(parts, tx, name)
        return True

    return await parts.database.run(take)
