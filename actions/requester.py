"""What a requester can do with their own action: confirm, withdraw, prove who they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from actions import codes, envelopes, ledger, proof_links
from actions.counting import sign_in_asked
from actions.escalation import next_look
from actions.flow import move, note, touch
from actions.parts import GateParts
from actions.records import Action, State
from actions.stamps import stamp
from core.errors import Refused
from core.outcomes import Outcome
from core.risk import Risk
from storage import Tx, now

WITHDRAWABLE = (State.AWAITING_CONFIRMATION, State.AWAITING_PROOF, State.AWAITING_APPROVAL)


def own(tx: Tx, action_id: str, requester_id: str) -> Action:
    """The requester's own action, locked. Raises `Refused` for anybody else's: its existence is not confirmed."""
    action = ledger.lock(tx, action_id)
    if action is None or action.requester_id != requester_id:
        raise Refused("not_yours", Outcome.REFUSED_NOT_ENTITLED)
    return action


def confirm(parts: GateParts, tx: Tx, action_id: str, requester_id: str, origin: str) -> Action:
    """The requester's yes to a draft. What follows depends on the tier: done at once, a code, or approvers."""
    action = timely(tx, own(tx, action_id, requester_id), State.AWAITING_CONFIRMATION)
    actor = f"employee:{requester_id}"
    action = touch(tx, action, confirm_stamp=stamp(parts.keys, "confirm", action_id, action.seal))
    if action.proof_needed and not action.proof_method:
        minutes = parts.settings.draft_minutes
        due = min(now(tx) + timedelta(minutes=minutes), action.expires_at)
        action = move(tx, action, State.AWAITING_PROOF, actor=actor, origin=origin, due_at=due)
        action = _want_proof(parts, tx, action)
    elif action.approvals_needed > 0:
        action = ask_approvers(parts, tx, action, actor, origin)
    else:
        action = approve(parts, tx, action, actor, origin)
    wake_later(parts, tx, action)
    return action


def withdraw(tx: Tx, action_id: str, requester_id: str, origin: str) -> Action:
    """The requester takes an action back while nothing has happened yet."""
    action = own(tx, action_id, requester_id)
    if action.state not in WITHDRAWABLE:
        raise Refused("too_late", Outcome.REFUSED_LIMIT, state=action.state.value)
    if action.state is not State.AWAITING_CONFIRMATION:  # a draft has no code, and who hears a typed no may touch none
        envelopes.destroy(tx, action_id, "code", state="failed")
    return move(tx, action, State.CANCELLED, actor=f"employee:{requester_id}", origin=origin, due_at=None)


def send_code(parts: GateParts, tx: Tx, action_id: str, requester_id: str) -> Action:
    """A new code and a new link; the old code is void, its wrong tries still count. At most one a minute."""
    action = timely(tx, own(tx, action_id, requester_id), State.AWAITING_PROOF)
    last = envelopes.get(tx, action_id, "code")
    life = timedelta(minutes=parts.settings.code_minutes)
    asked = [last.created_at] if last is not None else []
    asked += [action.link_until - life] if action.link_until is not None else []
    if asked and max(asked) > now(tx) - timedelta(minutes=1):
        raise Refused("code_too_soon", Outcome.REFUSED_LIMIT)
    action = _want_proof(parts, tx, action)
    wake_later(parts, tx, action)
    return action


def prove(parts: GateParts, tx: Tx, action_id: str, requester_id: str, typed: str, origin: str) -> tuple[Action, str]:
    """Check a typed code. Returns the action and the catalogue key of what to say. Five wrong ones end the action."""
    parts.keys.must_have("votes")
    action = timely(tx, own(tx, action_id, requester_id), State.AWAITING_PROOF)
    envelope = envelopes.get(tx, action_id, "code")
    if envelope is None or envelope.state in ("used", "failed") or envelope.expires_at <= now(tx):
        return action, "code_expired"
    actor = f"employee:{requester_id}"
    if envelopes.check_code(tx, parts.keys, action_id, typed):
        envelopes.destroy(tx, action_id, "code", state="used")
        proved = stamp(parts.keys, "proof", action_id, action.seal, "code")
        action = touch(tx, action, proof_method="code", proof_at=now(tx), proof_stamp=proved)
        note(tx, action, "proof.given", actor=actor, result="code", origin=origin)
        return ask_approvers(parts, tx, action, actor, origin), "code_right"
    note(tx, action, "proof.wrong", actor=actor, result=f"try {envelope.tries + 1}", origin=origin)
    if envelope.tries + 1 >= parts.settings.code_tries:
        envelopes.destroy(tx, action_id, "code", state="failed")
        action = move(tx, action, State.REFUSED, actor=actor, origin=origin, due_at=None, reason="wrong_code")
        return action, "code_burnt"
    return action, "code_wrong"


def without_code(parts: GateParts, tx: Tx, action_id: str, requester_id: str, origin: str) -> Action:
    """No code can be received: from now on it is critical, and an approver has to ring the person first."""
    action = timely(tx, own(tx, action_id, requester_id), State.AWAITING_PROOF)
    _version, rules = parts.rules.current(tx)
    rule = rules.tools.get(action.tool)
    if rule is None or "callback" not in rule.proof:
        raise Refused("no_proof_possible")
    envelopes.destroy(tx, action_id, "code", state="failed")
    needed = max(action.approvals_needed, rules.needed(Risk.CRITICAL, rule))
    action = touch(
        tx, action, proof_method="callback_due", proof_detail="", tier=Risk.CRITICAL.value, approvals_needed=needed
    )
    note(tx, action, "proof.callback_asked", actor=f"employee:{requester_id}", result="critical", origin=origin)
    return ask_approvers(parts, tx, action, f"employee:{requester_id}", origin)


def ask_approvers(parts: GateParts, tx: Tx, action: Action, actor: str, origin: str) -> Action:
    """From here on the action waits for votes; `due_at` is when the sweep looks at it next."""
    asked, signs_in = now(tx), sign_in_asked(parts, tx, action)
    due = next_look(parts, tx, replace(action, asked_at=asked))
    return move(
        tx,
        action,
        State.AWAITING_APPROVAL,
        actor=actor,
        origin=origin,
        due_at=due,
        asked_at=asked,
        approvers_sign_in=signs_in,
    )


def approve(parts: GateParts, tx: Tx, action: Action, actor: str, origin: str) -> Action:
    """Enough people said yes: the executor has a quarter of an hour to claim it."""
    claim_by = min(now(tx) + timedelta(minutes=parts.settings.claim_minutes), action.expires_at)
    return move(tx, action, State.APPROVED, actor=actor, origin=origin, due_at=claim_by)


def wake_later(parts: GateParts, tx: Tx, action: Action) -> None:
    """Have the executor look at the action once this transaction has committed."""
    tx.after_commit.append(lambda: parts.wake(action.action_id))


def timely(tx: Tx, action: Action, state: State) -> Action:
    """The action, if it is in this state and its time is not over. Raises `Refused`."""
    if action.state is not state:
        raise Refused("wrong_state", Outcome.REFUSED_LIMIT, state=action.state.value)
    if action.due_at is not None and action.due_at <= now(tx):
        raise Refused("expired", Outcome.REFUSED_LIMIT)
    return action


def _want_proof(parts: GateParts, tx: Tx, action: Action) -> Action:
    """Open every way of proving identity that this requester has, all at once."""
    if "code" in action.proofs and parts.keys.votes is not None:
        codes.want(parts, tx, action)
    return proof_links.allow(parts, tx, action)
