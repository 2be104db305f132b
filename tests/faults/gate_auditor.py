"""The auditor: reads the ledger's tables, the audit chain and what happened outside, and believes nothing else.

It imports nothing of the gate and opens the databases itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import audit_verifier

OVER = {"done", "failed", "refused", "denied", "expired", "cancelled"}


@dataclass(frozen=True)
class Findings:
    """What became of the one action of a home."""

    state: str
    moves: tuple[str, ...]
    effects: int
    credentials: int
    codes: int
    envelope: str
    told: tuple[str, ...]
    notices: int
    alerts: tuple[str, ...]


def look(home: Path) -> Findings:
    """Check everything that must hold after any crash. Raises AssertionError with what does not."""
    report = audit_verifier.verify(str(home / "loket.db"))
    assert report.ok, report.problems
    actions = _rows(home / "loket.db", "SELECT * FROM actions")
    assert len(actions) == 1, "the action is lost, or there are two"
    action = actions[0]
    findings = _findings(home, action)
    assert findings.state in OVER, f"left behind in {findings.state}"
    assert findings.state == findings.moves[-1]
    assert findings.effects == (1 if findings.state == "done" else 0), f"{findings.effects} effects, {findings.state}"
    assert len(findings.told) == len(set(findings.told))
    assert findings.told[-1:] == (findings.state,), f"the requester was told {findings.told}, not {findings.state}"
    if findings.effects and action["account_id"]:
        _check_account_change(home, action, findings)
    return findings


def _check_account_change(home: Path, action: dict[str, Any], findings: Findings) -> None:
    votes = _rows(home / "loket.db", "SELECT * FROM votes WHERE verdict = 'approve'")
    voters = {vote["employee_id"] for vote in votes if vote["seal"] == action["seal"]}
    assert len(voters - {action["requester_id"], action["subject_id"]}) >= action["approvals_needed"] > 0
    assert findings.notices == 3, "every registered address hears of it, once"
    if action["tool"].startswith("reset"):
        delivered = findings.credentials == 1 and findings.envelope == "gone"
        destroyed = findings.envelope == "failed" and "alert_undelivered" in findings.alerts
        assert delivered or destroyed, f"{findings.credentials} credentials left, envelope {findings.envelope}"


def _findings(home: Path, action: dict[str, Any]) -> Findings:
    chain = _rows(home / "loket.db", "SELECT verb FROM audit WHERE object LIKE 'action:%' ORDER BY seq")
    verbs = [row["verb"].removeprefix("action.") for row in chain if row["verb"].startswith("action.")]
    effects = Counter(row["key"] for row in _rows(home / "outside.db", "SELECT key FROM effects"))
    keys = [row["key"] for row in _rows(home / "loket.db", "SELECT key FROM outbox ORDER BY outbox_id")]
    notes = [json.loads(file.read_text()) for file in (home / "notes").glob("*/*.json")]
    envelopes = _rows(home / "loket.db", "SELECT * FROM envelopes WHERE kind = 'credential'")
    for row in _rows(home / "loket.db", "SELECT * FROM envelopes"):
        assert row["ciphertext"] is None, f"a secret is still kept: {row['envelope_id']} {row['state']}"
    told = [key.split(":")[2] for key in keys if key.startswith("told:")]
    return Findings(
        state=action["state"],
        moves=tuple(verb for verb in verbs if verb not in ("proposed", "taken", "resumed")),
        effects=effects[action["action_id"]],
        credentials=sum(":credential:" in note["key"] for note in notes),
        codes=sum(":code:" in note["key"] for note in notes),
        envelope=envelopes[0]["state"] if envelopes else "",
        told=tuple(word for word in told if word in OVER | {"unknown"}),
        notices=sum(key.startswith("notice:") for key in keys),
        alerts=tuple(key.split(":")[1] for key in keys if key.startswith("alert:")),
    )


def _rows(file: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
