"""What a Jira holds, for the double of the tests: projects, people, issues, and an index that may run behind."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.adf_rules import text_of

CATEGORIES = {"Open": "new", "In progress": "indeterminate", "Waiting for delivery": "indeterminate", "Closed": "done"}
ALL_PERMISSIONS = {
    "BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "EDIT_ISSUES", "TRANSITION_ISSUES", "MODIFY_REPORTER",
    "MANAGE_WATCHERS", "ASSIGN_ISSUES", "DELETE_ISSUES", "MOVE_ISSUES", "LINK_ISSUES", "CREATE_ATTACHMENTS",
    "ADMINISTER_PROJECTS", "ADMINISTER", "SERVICEDESK_AGENT",
}  # fmt: skip
DESK_PERMISSIONS = {
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "ADD_COMMENTS",
    "MODIFY_REPORTER",
    "MANAGE_WATCHERS",
    "CREATE_ATTACHMENTS",
}


@dataclass
class Person:
    """An account. `name` is what Data Center knows it by, `account_id` what Cloud does."""

    name: str
    email: str
    active: bool = True
    kind: str = "atlassian"

    @property
    def account_id(self) -> str:
        return f"557058:{self.name}"


@dataclass
class Issue:
    """An issue. `description` is as it was sent: a document or wiki text. `indexed_at`: from when a search finds it."""

    number: int
    key: str
    issue_type: str
    summary: str
    description: Any
    labels: list[str]
    components: list[str]
    reporter: Person
    creator: Person
    created: datetime
    updated: datetime
    indexed_at: datetime
    extra: dict[str, Any] = field(default_factory=dict)
    status: str = "Open"
    history: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    watchers: list[str] = field(default_factory=list)
    files: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)

    @property
    def project(self) -> str:
        return self.key.rpartition("-")[0]

    @property
    def text(self) -> str:
        """The description as an index has it."""
        return self.description if isinstance(self.description, str) else text_of(self.description or {})


@dataclass
class State:
    """Everything. `lag_seconds` is how long the index runs behind; `clock` can be moved with `pass_`."""

    kind: str
    start: Callable[[], datetime] = lambda: datetime.now(UTC)
    projects: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"IT": ("Task", "Service request"), "HR": ("Task",), "FAC": ("Task",)}
    )
    desks: dict[str, str] = field(default_factory=lambda: {"4": "FAC"})
    request_types: dict[str, str] = field(default_factory=lambda: {"25": "4"})
    people: list[Person] = field(default_factory=lambda: [Person("loket", "loket@dhb.example")])
    permissions: set[str] = field(default_factory=lambda: set(DESK_PERMISSIONS))
    required: dict[str, bool] = field(default_factory=dict)
    custom_fields: tuple[str, ...] = ("customfield_10050",)
    raises_for_others: bool = True
    lag_seconds: float = 0.0
    issues: dict[str, Issue] = field(default_factory=dict)
    offset: timedelta = timedelta(0)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(10_001))
    _changes: Iterator[int] = field(default_factory=lambda: itertools.count(70_001))

    @property
    def me(self) -> Person:
        return self.people[0]

    def now(self) -> datetime:
        return self.start() + self.offset

    def pass_(self, **amount: float) -> None:
        """Let time go by."""
        self.offset += timedelta(**amount)

    def person(self, ident: str) -> Person | None:
        return next((one for one in self.people if ident in (one.account_id, one.name)), None)

    def add(self, project: str, values: Mapping[str, Any], *, key: str = "", lag: float | None = None) -> Issue:
        """A new issue; its number is the next of the project."""
        highest = max(
            (int(one.key.rpartition("-")[2]) for one in self.issues.values() if one.project == project), default=100
        )
        key, moment = key or f"{project}-{highest + 1}", values.get("created") or self.now()
        issue = Issue(
            number=next(self._numbers),
            key=key,
            issue_type=values.get("issuetype", "Task"),
            summary=values["summary"],
            description=copy.deepcopy(values.get("description")),
            labels=list(values.get("labels", ())),
            components=list(values.get("components", ())),
            reporter=values.get("reporter") or self.me,
            creator=values.get("creator") or self.me,
            created=moment,
            updated=moment,
            indexed_at=moment + timedelta(seconds=self.lag_seconds if lag is None else lag),
            extra=dict(values.get("extra", {})),
            status=values.get("status", "Open"),
        )
        self.issues[key] = issue
        return issue

    def move(self, key: str, status: str) -> int:
        """A colleague gives an issue another status; returns the number of the change."""
        issue, number = self.issues[key], next(self._changes)
        before, issue.status, issue.updated = issue.status, status, self.now()
        item = {"field": "status", "fieldtype": "jira", "fieldId": "status"}
        item |= {"from": "1", "fromString": before, "to": "3", "toString": status}
        issue.history.append({"id": str(number), "created": stamp(issue.updated), "items": [item]})
        return number

    def comment(self, key: str, body: Any, author: Person | None = None) -> dict[str, Any]:
        """Somebody adds a comment."""
        issue = self.issues[key]
        made = {"id": str(len(issue.comments) + 1), "author": self.shown(author or self.me), "body": body}
        made["created"] = stamp(self.now())
        issue.comments.append(made)
        return made

    def attach(self, key: str, name: str, media_type: str, content: bytes, author: Person | None = None) -> Any:
        """Somebody adds a file."""
        issue = self.issues[key]
        made = {"id": str(len(issue.files) + 1), "filename": name, "mimeType": media_type, "size": len(content)}
        made |= {"author": self.shown(author or self.me), "created": stamp(self.now())}
        issue.files.append((made, content))
        return made

    def shown(self, person: Person) -> dict[str, Any]:
        """An account as Jira shows it."""
        common = {"displayName": person.name.title(), "emailAddress": person.email, "active": person.active}
        if self.kind == "cloud":
            return {"accountId": person.account_id, "accountType": person.kind, **common}
        return {"name": person.name, "key": f"JIRAUSER{len(person.name)}", **common}

    def seen(self, issue: Issue, fields: list[str], *, changelog: bool = False) -> dict[str, Any]:
        """An issue as Jira shows it, with these fields."""
        whole = {
            "summary": issue.summary,
            "description": issue.description,
            "status": {"name": issue.status, "statusCategory": {"key": CATEGORIES[issue.status], "id": 4}},
            "created": stamp(issue.created),
            "updated": stamp(issue.updated),
            "labels": issue.labels,
            "components": [{"name": name} for name in issue.components],
            "reporter": self.shown(issue.reporter),
            "creator": self.shown(issue.creator),
            "issuetype": {"id": "10001", "name": issue.issue_type, "subtask": False},
            "project": {"key": issue.project},
            "attachment": [shown for shown, _ in issue.files],
            **{name: issue.extra.get(name) for name in self.custom_fields},
        }
        shown = {name: whole[name] for name in fields if name in whole}
        raw: dict[str, Any] = {"id": str(issue.number), "key": issue.key, "self": "https://elsewhere.example/1"}
        if fields:
            raw["fields"] = shown
        if changelog:
            raw["changelog"] = {"startAt": 0, "total": len(issue.history), "histories": list(reversed(issue.history))}
        return raw

    def indexed(self) -> list[Issue]:
        """What a search can find by now."""
        return [issue for issue in self.issues.values() if issue.indexed_at <= self.now()]

    def searched(self, issue: Issue) -> dict[str, Any]:
        """An issue as the query language sees it."""
        category = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[CATEGORIES[issue.status]]
        ident = issue.reporter.account_id if self.kind == "cloud" else issue.reporter.name
        extra = {f"cf[{name.removeprefix('customfield_')}]": str(value) for name, value in issue.extra.items()}
        return {
            "project": issue.project,
            "labels": issue.labels,
            "component": issue.components,
            "description": issue.text,
            "summary": issue.summary,
            "reporter": ident,
            "statusCategory": category,
            "created": issue.created,
            "updated": issue.updated,
            **extra,
        }

    def hook_body(self, key: str) -> dict[str, Any]:
        """What Jira sends when an issue has changed."""
        issue = self.issues[key]
        last = issue.history[-1]
        return {
            "timestamp": int(self.now().timestamp() * 1000),
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": "issue_generic",
            "user": self.shown(self.me),
            "issue": self.seen(issue, ["summary", "status", "labels", "created", "description"]),
            "changelog": {"id": last["id"], "items": last["items"]},
        }


def stamp(moment: datetime) -> str:
    """Jira's way to write a time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
