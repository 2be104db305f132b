"""The auditor of a run: decides from the traces alone whether anything was lost, doubled, unapproved or left untold.

It imports nothing of the gate, the agent or the service; what must hold is written down here a second time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from storage import audit_verifier
from tests.faults.actions_audited import check_action
from tests.faults.traces import Row, Traces

OUTCOMES = re.compile(
    r"answered|clarified|not_found|proposed|form|handed_over|signposted|stopped|(refused|failed)_[a-z_]+"
)
DOOR = "door:local:"
CREDENTIAL = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){3}\b")
CODE = re.compile(r"\b\d{6}\b")
CHECKED_FOR_SECRETS = ("outbox", "posts", "inbox", "messages", "audit", "actions", "door_calls")


def problems(traces: Traces, acknowledged: Sequence[str], delivered: Collection[str]) -> list[str]:
    """What is wrong, in words; empty when nothing is."""
    return [
        *_events(traces, acknowledged),
        *_never_delivered(traces, delivered),
        *_posts(traces),
        *_slots(traces),
        *_effects(traces),
        *(problem for action in traces["actions"] for problem in check_action(traces, action)),
        *_secrets(traces),
    ]


def chain_problems(database: str, homes: Sequence[Path]) -> list[str]:
    """Whether the audit chain is whole and holds every head that any of the processes signed."""
    found: list[str] = []
    for home in homes:
        heads, public_key = home / "audit" / "heads.jsonl", home / "audit" / "public-key.pem"
        given = (heads, public_key) if heads.exists() else (None, None)
        report = audit_verifier.verify(database, *given)
        found += [f"audit: {problem}" for problem in report.problems]
    return sorted(set(found))


def _events(traces: Traces, acknowledged: Sequence[str]) -> Iterator[str]:
    """Nothing acknowledged is lost: each has one turn with a named end, and its reply was posted once."""
    turns = Counter(turn["event_id"] for turn in traces["turns"])
    outcomes = {turn["event_id"]: turn["outcome"] for turn in traces["turns"]}
    stored = {row["event_id"]: row["state"] for row in traces["inbox"]}
    for event in dict.fromkeys(acknowledged):
        event_id = DOOR + event
        if stored.get(event_id) != "handled":
            yield f"event {event} was acknowledged and is {stored.get(event_id, 'not there')}"
        if turns[event_id] != 1:
            yield f"event {event} has {turns[event_id]} turns"
        elif not OUTCOMES.fullmatch(outcomes[event_id]):
            yield f"event {event} ended as {outcomes[event_id]!r}"
        if not any(row["key"].startswith(f"turn:{event_id}:") for row in traces["outbox"]):
            yield f"event {event} was never answered"
        said = Counter(row["verb"] for row in traces["audit"] if row["object"] == f"turn:{event_id}")
        if said["turn.ended"] != 1:
            yield f"event {event} has {said['turn.ended']} audit rows"
    yield from _doubles(traces)


def _never_delivered(traces: Traces, delivered: Collection[str]) -> Iterator[str]:
    """Nobody is answered twice: every stored event is one that somebody delivered."""
    known = {DOOR + event for event in delivered}
    for row in traces["inbox"]:
        if row["event_id"] not in known:
            yield f"event {row['event_id']} came from nowhere"


def _doubles(traces: Traces) -> Iterator[str]:
    """One message and one answer of it in the history, and no turn of what never came."""
    known = {row["event_id"] for row in traces["inbox"]}
    for turn in traces["turns"]:
        if turn["event_id"] not in known:
            yield f"there is a turn of {turn['event_id']}, which never came"
    lines = Counter((row["event_id"], row["role"]) for row in traces["messages"])
    for (event_id, role), count in lines.items():
        if count > 1:
            yield f"the history holds {count} lines of {role} for {event_id}"


def _posts(traces: Traces) -> Iterator[str]:
    """What was to be said was said, and nothing else was."""
    keys = {row["key"] for row in traces["outbox"]}
    for row in traces["outbox"]:
        if row["state"] not in ("sent", "overtaken"):
            yield f"{row['key']} is {row['state']}"
        elif row["state"] == "sent" and row["kind"] == "reply" and not row["receipt"]:
            yield f"{row['key']} counts as sent and has no receipt"
    for row in traces["posts"]:
        if row["replaces"] is None and row["key"] not in keys:
            yield f"{row['key']} was posted and nobody had it to say"


def _slots(traces: Traces) -> Iterator[str]:
    """The newest of each place is what people see there, and nobody reads a thing twice."""
    posted = {row["key"] for row in traces["posts"]}
    for slot, rows in _by_slot(traces).items():
        last = max(rows, key=lambda row: int(row["outbox_id"]))
        if last["kind"] == "reply" and last["state"] == "sent" and not _is_posted(traces, last, posted):
            yield f"{slot} was never posted"
    twice = Counter((row["room"], row["key"].rpartition(":")[0], _text(row)) for row in traces["posts"] if _is_new(row))
    for (room, key, text), count in twice.items():
        if count > 1:
            yield f"{room} reads {count} times {text[:40]!r} ({key})"


def _is_posted(traces: Traces, item: Row, posted: set[str]) -> bool:
    """A post of its own, or the newest text of the post whose place it took."""
    if item["key"] in posted:
        return True
    said = [row for row in traces["posts"] if str(row["replaces"] or row["post_id"]) == item["receipt"]]
    return bool(said) and _text(said[-1]) == item["payload"].get("text")


def _by_slot(traces: Traces) -> dict[str, list[Row]]:
    slots: dict[str, list[Row]] = {}
    for row in traces["outbox"]:
        slots.setdefault(row["slot"], []).append(row)
    return slots


def _is_new(row: Row) -> bool:
    return row["replaces"] is None and row["key"].startswith(("turn:", "told:"))


def _text(row: Row) -> str:
    return str(row["reply"].get("text", ""))


def _effects(traces: Traces) -> Iterator[str]:
    """Every effect outside belongs to one action, and no action has two."""
    actions = {row["action_id"] for row in traces["actions"]}
    for key, count in Counter(effect["key"] for effect in traces.effects).items():
        if key not in actions:
            yield f"something happened outside for {key}, which is no action"
        if count > 1:
            yield f"action {key[:8]} happened {count} times"


def _secrets(traces: Traces) -> Iterator[str]:
    """Codes and credentials are with their receivers and nowhere else, and each credential left once."""
    secrets: dict[str, str] = {}
    for note in traces.notes:
        pattern = CREDENTIAL if ":credential:" in note.key else CODE if ":code:" in note.key else None
        if pattern and (found := pattern.search(note.text)):
            secrets[found.group()] = note.key
    for table in CHECKED_FOR_SECRETS:
        text = repr(traces[table])
        for secret, key in secrets.items():
            if CREDENTIAL.fullmatch(secret) and secret in text:
                yield f"the credential of {key[:8]} lies in {table}"
    sent = Counter(note.key.split(":")[0] for note in traces.notes if ":credential:" in note.key)
    for action_id, count in sent.items():
        if count > 1:
            yield f"{count} credentials were sent for action {action_id[:8]}"
