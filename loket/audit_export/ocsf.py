"""A row of the chain as an event of OCSF 1.3 (https://schema.ocsf.io/1.3.0): one class for each kind of row.

Account Change (3001): an effect on somebody's account. Entity Management (3004): what people decide, and changes of
rules, tools and switches. API Activity (6003): everything else. `unmapped` holds the row's place in the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loket.audit_export.rows import Entry
from loket.audit_export.verbs import ACCOUNT_CHANGE, ENTITY_MANAGEMENT, Activity, activity_of

SCHEMA = "1.3.0"
SUCCESS, FAILURE, OTHER = 1, 2, 99
SEVERITIES = {1: "Informational", 2: "Low", 3: "Medium", 4: "High"}
STATUSES = {SUCCESS: "Success", FAILURE: "Failure", OTHER: "Other"}
_FAILED = ("refused", "failed", "denied", "expired", "cancelled", "given_up", "wrong", "try ", "crashed")
_DOUBTFUL = ("unknown",)


@dataclass(frozen=True, slots=True)
class Product:
    """Who says so: the version of Loket."""

    version: str
    name: str = "Loket"
    vendor: str = "Loket"


def event(entry: Entry, product: Product) -> dict[str, Any]:
    """One event. The payload stands in `unmapped.payload` where the entry has it."""
    activity = activity_of(entry)
    status = _status(entry)
    common: dict[str, Any] = {
        "class_uid": activity.class_uid,
        "category_uid": activity.class_uid // 1000,
        "activity_id": activity.activity_id,
        "activity_name": activity.name,
        "type_uid": activity.class_uid * 100 + activity.activity_id,
        "time": round(entry.at.timestamp() * 1000),
        "severity_id": activity.severity_id,
        "severity": SEVERITIES[activity.severity_id],
        "status_id": status,
        "status": STATUSES[status],
        "status_code": entry.result,
        "message": f"{entry.actor} {entry.verb} {entry.object}: {entry.result}",
        "metadata": _metadata(entry, product),
        "actor": _actor(entry.actor),
        "src_endpoint": {"name": entry.origin or "loket"},
        "unmapped": _unmapped(entry),
    }
    return common | _of_class(entry, activity)


def _of_class(entry: Entry, activity: Activity) -> dict[str, Any]:
    """What only this class has."""
    if activity.class_uid == ACCOUNT_CHANGE:
        return {"user": {"uid": entry.person, "type_id": 1, "type": "User"}}
    kind, _, uid = entry.object.partition(":")
    if activity.class_uid == ENTITY_MANAGEMENT:
        return {"entity": {"uid": uid or entry.object, "type": activity.entity or kind, "name": entry.tool or kind}}
    return {
        "api": {"operation": entry.verb, "service": {"name": "loket"}, "request": {"uid": entry.request}},
        "resources": [{"uid": uid or entry.object, "type": kind}],
    }


def _metadata(entry: Entry, product: Product) -> dict[str, Any]:
    return {
        "version": SCHEMA,
        "product": {"name": product.name, "vendor_name": product.vendor, "version": product.version},
        "uid": entry.hash,
        "sequence": entry.seq,
        "log_name": "audit",
        "original_time": entry.at.isoformat(timespec="microseconds"),
        "correlation_uid": entry.request,
    }


def _actor(actor: str) -> dict[str, Any]:
    """A person by number, a channel identity that is nobody's, an operator at a shell, or a part of Loket."""
    kind, _, uid = actor.partition(":")
    match kind:
        case "employee":
            return {"user": {"uid": uid, "type_id": 1, "type": "User"}}
        case "operator":
            return {"user": {"uid": uid, "type_id": 2, "type": "Admin"}}
        case "identity":
            return {"user": {"uid": uid, "type_id": 0, "type": "Unknown"}}
        case _:
            return {"app_name": f"loket {uid or actor}"}


def _status(entry: Entry) -> int:
    if entry.result.startswith(_DOUBTFUL):
        return OTHER
    return FAILURE if entry.result.startswith(_FAILED) else SUCCESS


def _unmapped(entry: Entry) -> dict[str, Any]:
    """The place in the chain, to hold the export against the database and the signed heads."""
    chain = {
        "seq": entry.seq,
        "hash": entry.hash,
        "previous": entry.previous,
        "payload_hash": entry.payload_hash,
        "verb": entry.verb,
        "object": entry.object,
        "policy": entry.policy,
    }
    tool = {"tool": entry.tool} if entry.tool else {}
    payload = {"payload": dict(entry.payload)} if entry.payload is not None else {}
    return chain | tool | payload
