"""What becomes of the credential made before the effect, once it is known how the effect ended."""

from __future__ import annotations

import structlog
from pydantic import SecretStr

from actions import envelopes
from actions.flow import note
from actions.parts import GateParts
from actions.posting import tell_requester
from actions.records import Action, State
from actions.results import alert
from actions.words import say
from core.errors import LoketError
from storage import Tx
from storage.faultpoint import around_commit

log = structlog.get_logger("executor")


def settle_credential(
    parts: GateParts, tx: Tx, action: Action, ended: State, made: SecretStr | None, minutes: int
) -> None:
    """Release it, put the one that the outside system made in its place, or destroy it. `action`: as it was before.

    Part of the transaction that records the end: the credential that is in force is sealed, or nothing is `done`.
    """
    if ended is State.FAILED:
        envelopes.destroy(tx, action.action_id, "credential", state="failed")
        return
    if ended is not State.DONE:
        return
    if action.state is State.UNKNOWN and _is_lost(parts, tx, action):
        _lost(parts, tx, action)
        return
    if made is not None:
        if envelopes.reseal(tx, parts.keys, action.action_id, made, minutes):
            note(tx, action, "credential.replaced", actor="system:executor", result="made by the system outside")
            around_commit(tx, "executor.reseal")
        else:
            log.error("pass_without_envelope", action_id=action.action_id)
    envelopes.release(tx, action.action_id, "credential")
    tx.after_commit.append(lambda: parts.wake(action.action_id))  # to send it


def is_pass(parts: GateParts, action: Action) -> bool:
    """Whether its credential is a one-time pass and no password; false for a tool that is gone."""
    try:
        return parts.tool(action.tool, action.tool_hash).issues_pass
    except LoketError:
        return False


def _is_lost(parts: GateParts, tx: Tx, action: Action) -> bool:
    """After a doubt: whether the outside system may have made the credential itself, and said it to nobody."""
    if envelopes.get(tx, action.action_id, "credential") is None:
        return False
    return is_pass(parts, action)


def _lost(parts: GateParts, tx: Tx, action: Action) -> None:
    """The one made before may not be the one in force: nobody gets it, and its person asks anew."""
    envelopes.destroy(tx, action.action_id, "credential", state="failed")
    note(tx, action, "credential.delivery", actor="system:executor", result="lost in doubt")
    around_commit(tx, "executor.pass_lost")
    tell_requester(tx, action, "pass-lost", say("pass_lost", action.language, title=action.title))
    alert(parts, tx, action, "alert_pass_lost")
