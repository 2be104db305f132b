"""An issue as Jira gives it, read into what we need of it; whatever does not fit is an error, never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.jira import marks
from connectors.jira.adf import from_adf
from connectors.jira.settings import JiraSettings
from connectors.jira.trouble import SYSTEM
from connectors.jira.wiki import from_wiki
from connectors.tickets import Ticket, TicketChange
from core.errors import ConnectorError

_KEY = re.compile(r"(?P<project>[A-Z][A-Z0-9]{1,9})-[1-9][0-9]{0,8}")
_FIELDS = ("summary", "description", "status", "created", "labels", "components", "reporter", "creator", "issuetype")


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. `description` is plain text with our last lines still on it; people are ids of accounts."""

    key: str
    project: str
    issue_type: str
    summary: str
    description: str
    status: str
    closed: bool
    created_at: datetime
    labels: frozenset[str]
    components: frozenset[str]
    reporter: str
    creator: str
    field: str


def project_of(ticket_id: str, settings: JiraSettings) -> str | None:
    """The project of a ticket's number, if it is one of ours; None for whatever else somebody typed."""
    match = _KEY.fullmatch(ticket_id) if ticket_id.isascii() else None
    return match["project"] if match and match["project"] in settings.projects else None


def wanted(settings: JiraSettings) -> tuple[str, ...]:
    """The fields that are asked for: no more than are read."""
    return (*_FIELDS, settings.requester_field) if settings.requester_field else _FIELDS


def read(raw: Any, settings: JiraSettings) -> Issue:
    """One issue. Raises `ConnectorError` for anything that is none."""
    try:
        fields: Mapping[str, Any] = raw["fields"]
        status = fields["status"]
        match = _KEY.fullmatch(raw["key"])
        if match is None:
            raise ValueError("no key")
        description = fields.get("description")
        return Issue(
            key=raw["key"],
            project=match["project"],
            issue_type=str((fields.get("issuetype") or {}).get("name", "")),
            summary=str(fields["summary"]),
            description=from_adf(description) if settings.on_cloud else from_wiki(description),
            status=str(status["name"]),
            closed=status["statusCategory"]["key"] == "done",
            created_at=moment(fields["created"]),
            labels=frozenset(map(str, fields.get("labels") or ())),
            components=frozenset(str(one.get("name")) for one in fields.get("components") or ()),
            reporter=account_id(fields.get("reporter"), settings),
            creator=account_id(fields.get("creator"), settings),
            field=str(fields.get(settings.requester_field) or "") if settings.requester_field else "",
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConnectorError(SYSTEM, f"Jira's answer is no issue ({type(error).__name__})") from None


def account_id(person: Any, settings: JiraSettings) -> str:
    """What Jira knows an account by; empty for nobody."""
    return str((person or {}).get("accountId" if settings.on_cloud else "name") or "")


def moment(text: str) -> datetime:
    """Jira's time, such as `2026-11-26T10:31:07.000+0100`, in UTC. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def is_outage(issue: Issue, settings: JiraSettings) -> bool:
    """Whether everybody may see it."""
    return settings.outage_label in issue.labels or settings.outage_component in issue.components


def belongs_to(issue: Issue, requester_id: str, account: str, filer: str, settings: JiraSettings) -> bool:
    """Whether it is this person's: by the account that is known to be theirs, or by our mark on a ticket that our own
    account, `filer`, made.
    """
    if account and issue.reporter == account:
        return True
    if not filer or issue.creator != filer:
        return False
    if settings.requester_field and issue.field:
        return issue.field == requester_id
    return marks.requester_label(requester_id) in issue.labels or marks.requester_token(requester_id) in marks.tokens(
        issue.description
    )


def ticket(issue: Issue, requester_id: str, settings: JiraSettings) -> Ticket:
    """The issue as its requester may see it; `requester_id` is empty for somebody else's outage."""
    queues = [queue for queue in settings.by_name.values() if queue.project == issue.project]
    fitting = [queue for queue in queues if queue.issue_type == issue.issue_type] or queues
    return Ticket(
        ticket_id=issue.key,
        queue=fitting[0].name if fitting else "",
        summary=issue.summary,
        description=marks.without_footer(issue.description),
        requester_id=requester_id,
        status=issue.status,
        created_at=issue.created_at,
        address=f"{settings.browse_url or settings.url}/browse/{issue.key}",
        is_outage=is_outage(issue, settings),
    )


def newest_change(raw: Any, settings: JiraSettings) -> TicketChange | None:
    """The last time that the status changed, if it ever did. `raw` holds its changelog."""
    try:
        issue = raw["fields"]
        for history in sorted(raw["changelog"]["histories"], key=lambda one: -int(one["id"])):
            if any(item.get("field") == "status" for item in history["items"]):
                closed = issue["status"]["statusCategory"]["key"] == "done"
                status = str(issue["status"]["name"])
                return TicketChange(raw["key"], status, closed, int(history["id"]), moment(history["created"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConnectorError(SYSTEM, f"Jira's answer has no history ({type(error).__name__})") from None
    return None
