"""What must hold of one action, whatever died meanwhile: who said yes to what, what happened, and who was told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import rfc8785

from tests.faults.traces import Row, Traces

OVER = {"done", "failed", "refused", "denied", "expired", "cancelled"}
WAITING = {"awaiting_confirmation", "awaiting_proof", "awaiting_approval"}
MOVES = {
    "proposed": {"awaiting_proof", "awaiting_approval", "approved", "cancelled", "expired"},
    "awaiting_proof": {"awaiting_approval", "refused", "cancelled", "expired"},
    "awaiting_approval": {"approved", "denied", "cancelled", "expired"},
    "approved": {"executing", "refused", "expired", "cancelled"},
    "executing": {"done", "failed", "unknown"},
    "unknown": {"done", "failed"},
}
NEEDED = {"write": 0, "sensitive": 1, "critical": 2}
ALERTED = ("security",)
SEALED = (
    "tool", "tool_hash", "arguments", "requester_id", "subject_id", "account_id", "rule_version", "nonce",
    "title", "facts",
)  # fmt: skip


def check_action(traces: Traces, action: Row) -> Iterator[str]:
    """What is wrong with it, in words."""
    name = f"action {action['action_id'][:8]} ({action['tool']}, {action['state']})"
    for check in (_moves, _claimed, _effect, _votes, _told, _alerts, _envelopes, _credential, _notices, _card):
        for problem in check(traces, action):
            yield f"{name}: {problem}"


def _moves(traces: Traces, action: Row) -> Iterator[str]:
    """The state is what the chain says, by moves that exist; nothing hangs between yes and done."""
    made = [row["verb"].removeprefix("action.") for row in traces.audit_of(action["action_id"])]
    made = [word for word in made if word in MOVES or word in OVER]
    for before, after in pairwise(made):
        if after not in MOVES.get(before, set()):
            yield f"moved from {before} to {after}"
    if made[:1] != ["proposed"]:
        yield "the chain does not say who proposed it"
    last = made[-1] if made and made[-1] != "proposed" else "awaiting_confirmation"
    if action["state"] != last:
        yield f"the chain says {last}"
    if action["state"] in ("approved", "executing"):
        yield "left behind"


def _claimed(traces: Traces, action: Row) -> Iterator[str]:
    """One claim, in time, of what was approved before."""
    rows = traces.audit_of(action["action_id"], "action.executing")
    if len(rows) > 1:
        yield f"claimed {len(rows)} times"
    if rows and action["claimed_at"] and action["claimed_at"] > action["expires_at"]:
        yield "claimed after it had expired"
    for switch in traces["switches"]:
        if rows and switch["scope"] in ("*", action["tool"]) and action["claimed_at"] > switch["at"]:
            yield "claimed while it was switched off"


def _effect(traces: Traces, action: Row) -> Iterator[str]:
    """What happened outside is what the row says, and it happened when the row says so."""
    effects = [effect for effect in traces.effects if effect["key"] == action["action_id"]]
    if effects and action["state"] not in ("done", "unknown"):
        yield "happened outside all the same"
    if not effects and action["state"] == "done":
        yield "did not happen"
    if effects and action["seal"] != _seal(action):
        yield "what ran is not what was sealed"
    for effect in effects:
        if action["account_id"] and effect["object_id"] != action["account_id"]:
            yield f"happened to {effect['object_id']}"
        if effect["kind"] == "ticket_created" and not _is_filed(traces, action, effect["object_id"]):
            yield "the ticket says something else"


def _votes(traces: Traces, action: Row) -> Iterator[str]:
    """Enough people said yes to this seal: entitled, different, neither requester nor subject; and nobody said no."""
    ran = bool(traces.audit_of(action["action_id"], "action.executing")) or any(
        effect["key"] == action["action_id"] for effect in traces.effects
    )
    if not ran:
        return
    votes = [vote for vote in traces["votes"] if vote["action_id"] == action["action_id"]]
    if any(vote["verdict"] == "deny" for vote in votes):
        yield "ran although somebody said no"
    yes = {vote["employee_id"] for vote in votes if vote["verdict"] == "approve" and vote["seal"] == action["seal"]}
    entitled = {who for who in yes if traces.groups.get(who, frozenset()) & set(action["approver_groups"])}
    counted = entitled - {action["requester_id"], action["subject_id"]}
    cast = {row["actor"] for row in traces.audit_of(action["action_id"], "vote.cast") if row["result"] == "approve"}
    if {f"employee:{who}" for who in yes} != cast:
        yield "the chain knows other votes than the table"
    if len(counted) < _needed(traces, action, votes):
        yield f"ran with {len(counted)} approvals of {_needed(traces, action, votes)}"
    if action["proof_needed"] and not traces.audit_of(action["action_id"], "proof.given"):
        yield "ran without a proof of identity"
    confirmed = {row["actor"] for row in traces.audit_of(action["action_id"]) if row["verb"].startswith("action.aw")}
    confirmed |= {row["actor"] for row in traces.audit_of(action["action_id"], "action.approved")}
    if not action["confirm_stamp"] or f"employee:{action['requester_id']}" not in confirmed:
        yield "ran without its requester's yes"


def _told(traces: Traces, action: Row) -> Iterator[str]:
    """The requester hears how it ended, once, and it was posted."""
    if action["state"] not in (OVER | {"unknown"}) - {"cancelled"}:
        return
    key = f"told:{action['action_id']}:{action['state']}"
    if not any(row["key"] == key for row in traces["posts"]):
        yield "the requester was not told"
    told = {
        row["key"].split(":")[2] for row in traces["outbox"] if row["key"].startswith(f"told:{action['action_id']}:")
    }
    if len(told & OVER) > 1:
        yield f"the requester was told {sorted(told & OVER)}"


def _alerts(traces: Traces, action: Row) -> Iterator[str]:
    """Whoever must look at a doubt has been told: its approvers, and those the rules name."""
    if not traces.audit_of(action["action_id"], "action.unknown"):
        return
    for group in {*action["approver_groups"], *ALERTED}:
        key = f"alert:alert_unknown:{action['action_id']}:{group}"
        if not any(row["key"] == key for row in traces["posts"]):
            yield f"{group} was not told of the doubt"


def _envelopes(traces: Traces, action: Row) -> Iterator[str]:
    if action["state"] not in OVER:
        return
    for envelope in traces["envelopes"]:
        if envelope["action_id"] == action["action_id"] and envelope["ciphertext"] is not None:
            yield f"a {envelope['kind']} is still kept ({envelope['state']})"


def _credential(traces: Traces, action: Row) -> Iterator[str]:
    """A credential that is in force has left by its road, or people know that it could not."""
    if action["state"] != "done" or not action["tool"].startswith("reset"):
        return
    envelope = next(
        (row for row in traces["envelopes"] if row["envelope_id"] == f"{action['action_id']}:credential"), {}
    )
    left = [note for note in traces.notes if note.key.startswith(f"{action['action_id']}:credential:")]
    lost = traces.item(f"alert:alert_undelivered:{action['action_id']}:{action['approver_groups'][0]}")
    if len(left) == 1 and envelope.get("state") == "gone":
        return
    if not left and envelope.get("state") == "failed" and lost is not None:
        return
    yield f"{len(left)} credentials left, the envelope is {envelope.get('state', 'not there')}"


def _notices(traces: Traces, action: Row) -> Iterator[str]:
    """Whoever's account was changed hears of it on every registered address, once."""
    if action["state"] != "done" or not action["account_id"]:
        return
    sent = [note for note in traces.notes if note.key.startswith(f"notice:{action['action_id']}:")]
    if sorted(note.road for note in sent) != ["private_mail", "sms", "work_mail"]:
        yield f"its subject heard of it by {sorted(note.road for note in sent)}"


def _card(traces: Traces, action: Row) -> Iterator[str]:
    """No card invites to what is decided: the newest in each room has no buttons once it is over."""
    if action["state"] not in OVER | {"unknown"}:
        return
    newest: dict[str, Any] = {}
    for row in traces["posts"]:
        card = row["reply"].get("card")
        if card and card["action_id"] == action["action_id"]:
            newest[row["room"]] = card
    for room, card in newest.items():
        if card["buttons"]:
            yield f"the card in {room} still has buttons"


def _needed(traces: Traces, action: Row, votes: list[Row]) -> int:
    board = "board" in traces.groups.get(action["subject_id"], frozenset())
    tier = "critical" if board or action["proof_method"].startswith("callback") else action["tier"]
    if action["tool"] in ("create_ticket", "comment_on_ticket", "hand_over_to_person"):
        tier = action["tier"]
    braked = any(vote["braked"] for vote in votes)
    return max(NEEDED.get(tier, 99) + int(braked), int(action["approvals_needed"]))


def _is_filed(traces: Traces, action: Row, ticket_id: str) -> bool:
    ticket: Row = next((row for row in traces.tickets if row["ticket_id"] == ticket_id), {})
    wanted = action["arguments"]
    return (ticket.get("key"), ticket.get("requester_id"), ticket.get("summary")) == (
        action["action_id"],
        action["requester_id"],
        wanted.get("summary"),
    )


def _seal(action: Row) -> str:
    """The seal, computed a second time."""
    sealed = {name: action[name] for name in SEALED}
    sealed["expires_at"] = action["expires_at"].isoformat(timespec="microseconds")
    return hashlib.sha256(rfc8785.dumps(sealed)).hexdigest()
