"""A no to what somebody tried, by a click or by signing in: said in their words, and kept."""

from __future__ import annotations

from dataclasses import dataclass

from actions.parts import GateParts
from actions.records import Action
from actions.results import alert
from actions.words import say
from core.errors import Refused
from core.ports import Decision
from storage import AuditEntry, Tx
from storage.audit import record


def refused(refusal: Refused, language: str, state: str = "") -> Decision:
    """Why nothing changed, to whoever tried. `state` is the action's, where it is theirs to know."""
    details = dict(refusal.details)
    if details.get("state"):
        details["state"] = say(f"state_{details['state']}", language)
    return Decision(False, say(f"no_{refusal.reason}", language, **details), state)


@dataclass(frozen=True, slots=True)
class Tried:
    """What somebody tried. `who` is an employee number, empty for a sign-in of nobody known; `named` is what they
    called an action that is not there."""

    who: str
    verb: str
    origin: str
    named: str = "unknown"
    request: str = ""


def note_refused(parts: GateParts, tx: Tx, refusal: Refused, action: Action | None, tried: Tried) -> None:
    """Keep that somebody tried; security hears of a row that is not what was sealed."""
    entry = AuditEntry(
        actor=f"employee:{tried.who}" if tried.who else "system:sign-in",
        verb=tried.verb,
        object=f"action:{action.action_id if action else tried.named[:64]}",
        result=f"refused:{refusal.reason}",
        origin=tried.origin,
        request=tried.request[:200],
        subject=action.subject_id if action else "",
    )
    record(tx, entry)
    if action is not None and refusal.reason == "seal_broken":
        alert(parts, tx, action, "alert_tampered")
