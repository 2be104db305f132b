"""When somebody's private addresses last changed: Graph keeps no time with an attribute, only its audit log does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.odata import literal, moment
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import moment as read_moment
from connectors.graph.users import text
from core.errors import ConnectorError

LOOKED_BACK = timedelta(days=7)
"""The least that any tenant keeps of its log; the gate wants three days."""
ADDRESSES = frozenset({"mobile", "mobilephone", "othermail", "othermails", "mail"})
_SUMMARY = "included updated properties"


async def last_change(
    client: GraphClient, settings: EntraSettings, user_id: str, now: datetime, deadline: Deadline
) -> datetime:
    """The time of the last change within seven days (UTC), else the beginning of those: not later than that.

    `now` where the log cannot be read at all (no permission, no licence, a cloud without it): the gate then takes
    the addresses for changed and sends no secret there. Raises `ConnectorError` for a passing fault.
    """
    if not settings.hosts.has_audit_log:
        return now
    since = now - LOOKED_BACK
    try:
        events = await client.rows(("auditLogs", "directoryAudits"), _question(user_id, since), deadline)
    except GraphRefusal as error:
        if error.status in (400, 403):
            return now
        raise
    if events is None:
        return now
    changes = [_time(event) for event in events if _touches(event, user_id)]
    return max(changes, default=since)


def _question(user_id: str, since: datetime) -> dict[str, str]:
    return {
        "$filter": f"activityDateTime ge {moment(since)} and targetResources/any(t:t/id eq {literal(user_id)})",
        "$select": "activityDateTime,activityDisplayName,result,targetResources",
        "$top": "200",
    }


def _touches(event: Mapping[str, Any], user_id: str) -> bool:
    """Whether an event changed an address of this user. One that does not say what it changed did."""
    if text(event, "result").casefold() == "failure":
        return False
    targets = event.get("targetResources")
    if not isinstance(targets, list):
        raise ConnectorError(SYSTEM, "Graph gave an audit event that cannot be read")
    mine = [one for one in targets if isinstance(one, Mapping) and text(one, "id").lower() == user_id]
    names = {name for target in mine for name in _changed(target.get("modifiedProperties") or ())}
    if names & ADDRESSES:
        return True
    return not names and text(event, "activityDisplayName").casefold() == "update user"


def _changed(properties: Iterable[Any]) -> Iterable[str]:
    for one in properties:
        if not isinstance(one, Mapping):
            raise ConnectorError(SYSTEM, "Graph gave an audit event that cannot be read")
        name = text(one, "displayName").casefold()
        if name == _SUMMARY:
            listed = text(one, "newValue").strip('"').split(",")
            yield from (part.strip().casefold() for part in listed if part.strip())
        else:
            yield name


def _time(event: Mapping[str, Any]) -> datetime:
    moment_of_it = read_moment(event, "activityDateTime")
    if moment_of_it is None:
        raise ConnectorError(SYSTEM, "Graph gave an audit event without a time")
    return moment_of_it
