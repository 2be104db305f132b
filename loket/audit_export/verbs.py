"""Which OCSF class and activity a verb of the audit is: the table of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loket.audit_export.rows import Entry

ACCOUNT_CHANGE, ENTITY_MANAGEMENT, API_ACTIVITY = 3001, 3004, 6003
CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99
PASSWORD_RESET, MFA_ENABLE = 4, 10  # of Account Change
ACTIVATE, DEACTIVATE = 10, 11  # of Entity Management
INFORMATIONAL, LOW, MEDIUM, HIGH = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Activity:
    """A class of OCSF and what was done in its terms. `entity` is the type of the managed entity (3004 only)."""

    class_uid: int
    activity_id: int
    name: str
    severity_id: int = INFORMATIONAL
    entity: str = ""


def _decision(activity_id: int, name: str, severity_id: int = INFORMATIONAL) -> Activity:
    """What somebody entitled decides about an action: the approval is the entity that is managed."""
    return Activity(ENTITY_MANAGEMENT, activity_id, name, severity_id, "approval")


_VERBS: dict[str, Activity] = {
    "vote.cast": _decision(CREATE, "Create"),
    "action.taken": _decision(UPDATE, "Update"),
    "action.approved": _decision(UPDATE, "Update"),
    "action.denied": _decision(UPDATE, "Update", LOW),
    "proof.given": _decision(UPDATE, "Update"),
    "proof.wrong": _decision(UPDATE, "Update", LOW),
    "proof.sign_in": _decision(UPDATE, "Update", MEDIUM),  # refused: somebody else, or not what was asked for
    "proof.callback_asked": _decision(UPDATE, "Update", LOW),
    "brake.approver": _decision(UPDATE, "Update", MEDIUM),
    "claim.refused": _decision(UPDATE, "Update", MEDIUM),
    "rules.released": Activity(ENTITY_MANAGEMENT, UPDATE, "Update", MEDIUM, "rules"),
    "switch.off": Activity(ENTITY_MANAGEMENT, DEACTIVATE, "Deactivate", MEDIUM, "tool"),
    "switch.on": Activity(ENTITY_MANAGEMENT, ACTIVATE, "Activate", MEDIUM, "tool"),
    "tool.drafted": Activity(ENTITY_MANAGEMENT, CREATE, "Create", LOW, "tool"),
    "tool.checked": Activity(ENTITY_MANAGEMENT, UPDATE, "Update", INFORMATIONAL, "tool"),
    "tool.released": Activity(ENTITY_MANAGEMENT, ACTIVATE, "Activate", MEDIUM, "tool"),
    "tool.canary": Activity(ENTITY_MANAGEMENT, ACTIVATE, "Activate", MEDIUM, "tool"),
    "tool.answered": Activity(ENTITY_MANAGEMENT, CREATE, "Create", LOW, "answers"),
    "form.refused": Activity(ENTITY_MANAGEMENT, CREATE, "Create", MEDIUM, "form"),
    "action.replaced": Activity(ENTITY_MANAGEMENT, UPDATE, "Update", LOW, "action"),
    "tool.withdrawn": Activity(ENTITY_MANAGEMENT, DEACTIVATE, "Deactivate", MEDIUM, "tool"),
    "tool.retired": Activity(ENTITY_MANAGEMENT, DEACTIVATE, "Deactivate", MEDIUM, "tool"),
    "identity.linked": Activity(ENTITY_MANAGEMENT, CREATE, "Create", MEDIUM, "identity link"),
    "identity.unlinked": Activity(ENTITY_MANAGEMENT, DELETE, "Delete", MEDIUM, "identity link"),
    "identity.link_refused": Activity(ENTITY_MANAGEMENT, CREATE, "Create", HIGH, "identity link"),
    "slack.installed": Activity(ENTITY_MANAGEMENT, CREATE, "Create", MEDIUM, "workspace"),
    "slack.departed": Activity(ENTITY_MANAGEMENT, DELETE, "Delete", MEDIUM, "workspace"),
    "slack.forgotten": Activity(ENTITY_MANAGEMENT, DELETE, "Delete", MEDIUM, "workspace"),
    "action.proposed": Activity(API_ACTIVITY, CREATE, "Create"),
    "action.unwanted": Activity(API_ACTIVITY, UPDATE, "Update", HIGH),
    "person.held": Activity(ENTITY_MANAGEMENT, DEACTIVATE, "Deactivate", HIGH, "person"),
    "action.unknown": Activity(API_ACTIVITY, UPDATE, "Update", MEDIUM),
    "turn.ended": Activity(API_ACTIVITY, CREATE, "Create"),
    "erase_payload": Activity(API_ACTIVITY, DELETE, "Delete", LOW),
    "person.erased": Activity(API_ACTIVITY, DELETE, "Delete", LOW),
    "person.exported": Activity(API_ACTIVITY, READ, "Read", LOW),
    "audit.exported": Activity(API_ACTIVITY, READ, "Read", LOW),
}
_ENTITIES = {"policy": "policy", "tool": "tool", "rules": "rules", "switch": "tool"}
"""First words of verbs that change the configuration."""
_REST = Activity(API_ACTIVITY, UPDATE, "Update")
_EFFECTS = frozenset({"action.done", "action.failed", "action.unknown", "action.executing"})


def activity_of(entry: Entry) -> Activity:
    """What a row is in the terms of OCSF. A verb that is not in the table is an API activity, or a change of an
    entity where its first word says so."""
    if entry.about_account and entry.verb in _EFFECTS:
        return _on_account(entry)
    known = _VERBS.get(entry.verb)
    if known is None:
        entity = _ENTITIES.get(entry.verb.partition(".")[0], "")
        known = Activity(ENTITY_MANAGEMENT, UPDATE, "Update", MEDIUM, entity) if entity else _REST
    if entry.result == "refused:seal_broken":
        return replace(known, severity_id=HIGH)
    return known


def _on_account(entry: Entry) -> Activity:
    """The effect itself. OCSF 1.3 has no activity for unlocking (1.4 has): `Other`, with its name."""
    severity = MEDIUM if entry.verb == "action.unknown" else LOW
    if entry.tool.startswith("reset"):
        return Activity(ACCOUNT_CHANGE, PASSWORD_RESET, "Password Reset", severity)
    if entry.tool.startswith("restore_access"):
        return Activity(ACCOUNT_CHANGE, MFA_ENABLE, "MFA Factor Enable", severity)
    name = "Unlock" if entry.tool.startswith("unlock") else entry.tool
    return Activity(ACCOUNT_CHANGE, OTHER, name, severity)
