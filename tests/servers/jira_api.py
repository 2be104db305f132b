"""The interface of Jira's double: every path that Loket asks, each as strict as Atlassian's description of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.servers import jira_jql, jira_rules
from tests.servers.jira_rules import Refused, only, text
from tests.servers.jira_state import ALL_PERMISSIONS, Issue, State

KEY = r"(?P<key>[A-Z][A-Z0-9]+-\d+)"
PROJECT = r"(?P<project>[A-Z][A-Z0-9]+)"
Handler = Callable[..., tuple[int, Any]]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any = None


@dataclass
class Api:
    """Answers calls. `violations` are requests that no correct client makes; `queries` all JQL that was asked."""

    state: State
    user: str = "loket@dhb.example"
    token: str = "token-of-loket-in-jira"
    violations: list[str] = field(default_factory=list)
    queries: list[jira_jql.Query] = field(default_factory=list)

    def kind_of(self, call: Call) -> str:
        """What a call is for: `create`, `comment`, `attach`, `search` or `other`."""
        if call.method == "POST" and re.search(r"/(issue|request)$", call.path):
            return "create"
        if call.method == "POST" and call.path.endswith("/comment"):
            return "comment"
        if call.method == "POST" and call.path.endswith("/attachments"):
            return "attach"
        return "search" if "/search" in call.path else "other"

    def answer(self, call: Call) -> tuple[int, Any]:
        """Status and body."""
        try:
            self._check_headers(call)
            for method, pattern, allowed, handler in self._routes():
                match = re.fullmatch(pattern, call.path)
                if match and method == call.method:
                    if unknown := set(call.query) - allowed:
                        raise Refused(400, f"unknown parameters {sorted(unknown)}")
                    return handler(call, **match.groupdict())
            raise Refused(404, f"no such path: {call.method} {call.path}")
        except Refused as refused:
            if refused.bug:
                self.violations.append(f"{call.method} {call.path}: {refused}")
            return refused.status, refused.body

    def _routes(self) -> list[tuple[str, str, set[str], Handler]]:
        cloud = self.state.kind == "cloud"
        api, desk = ("/rest/api/3" if cloud else "/rest/api/2"), "/rest/servicedeskapi"
        person = {"query", "accountId", "maxResults", "startAt"} if cloud else {"username", "maxResults", "startAt"}
        meta = f"{api}/issue/createmeta/{PROJECT}/issuetypes"
        search = (
            {"jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "reconcileIssues"}
            if cloud
            else {"jql", "startAt", "maxResults", "validateQuery", "fields", "expand"}
        )
        return [
            ("GET", f"{api}/myself", set(), self._myself),
            ("GET", f"{api}/mypermissions", {"projectKey", "permissions"}, self._permissions),
            ("GET", f"{api}/project/{PROJECT}", set(), self._project),
            ("GET", meta, {"maxResults", "startAt"}, self._types),
            ("GET", f"{meta}/(?P<number>\\d+)", {"maxResults", "startAt"}, self._type_fields),
            ("GET", f"{api}/user/search", person, self._people),
            ("POST", f"{api}/issue", set(), self._create),
            ("GET", f"{api}/issue/{KEY}", {"fields", "expand"}, self._issue),
            ("GET", f"{api}/issue/{KEY}/comment", {"maxResults", "startAt", "orderBy"}, self._comments),
            ("POST", f"{api}/issue/{KEY}/comment", set(), self._comment),
            ("POST", f"{api}/issue/{KEY}/watchers", set(), self._watch),
            ("POST", f"{api}/issue/{KEY}/attachments", set(), self._attach),
            ("GET", f"{api}/search/jql" if cloud else f"{api}/search", search, self._search),
            ("POST", f"{desk}/request", set(), self._request),
            ("GET", f"{desk}/servicedesk/(?P<number>\\d+)", set(), self._desk),
            ("GET", f"{desk}/servicedesk/(?P<number>\\d+)/requesttype/(?P<kind>\\d+)/field", set(), self._form),
        ]

    def _check_headers(self, call: Call) -> None:
        pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        wanted = f"Basic {pair}" if self.state.kind == "cloud" else f"Bearer {self.token}"
        if call.headers.get("authorization") != wanted:
            raise Refused(401, "Client must be authenticated to access this resource.", bug=False)
        if "application/json" not in call.headers.get("accept", ""):
            raise Refused(406, "no Accept header")
        if call.headers.get("user-agent") != "Loket" or call.headers.get("accept-encoding") != "identity":
            raise Refused(400, "the library's own headers")
        if call.headers.get("cookie"):
            raise Refused(400, "a cookie")
        kind = "multipart/form-data" if call.path.endswith("/attachments") else "application/json"
        if call.method == "POST" and not call.headers.get("content-type", "").startswith(kind):
            raise Refused(415, "Unsupported Media Type")

    # --- people and permissions --------------------------------------------------------------------------------

    def _myself(self, _: Call) -> tuple[int, Any]:
        return 200, self.state.shown(self.state.me)

    def _permissions(self, call: Call) -> tuple[int, Any]:
        names = text(_one(call, "permissions")).split(",")
        if unknown := set(names) - (ALL_PERMISSIONS if self.state.desks else ALL_PERMISSIONS - {"SERVICEDESK_AGENT"}):
            raise Refused(400, f"Unrecognized permission: {sorted(unknown)}")
        self._known(_one(call, "projectKey"))
        held = self.state.permissions
        return 200, {"permissions": {name: {"key": name, "havePermission": name in held} for name in names}}

    def _people(self, call: Call) -> tuple[int, Any]:
        words = text(_one(call, "query" if self.state.kind == "cloud" else "username")).casefold()
        found = [one for one in self.state.people if words in one.email.casefold() or words in one.name.casefold()]
        return 200, [self.state.shown(one) for one in found]

    # --- projects and forms ------------------------------------------------------------------------------------

    def _known(self, project: str) -> None:
        if project not in self.state.projects or "BROWSE_PROJECTS" not in self.state.permissions:
            raise Refused(404, "No project could be found", bug=False)

    def _project(self, _: Call, project: str) -> tuple[int, Any]:
        self._known(project)
        return 200, {"key": project, "name": project}

    def _types(self, _: Call, project: str) -> tuple[int, Any]:
        self._known(project)
        found = [{"id": str(10001 + place), "name": name} for place, name in enumerate(self.state.projects[project])]
        return 200, {("issueTypes" if self.state.kind == "cloud" else "values"): found, "total": len(found)}

    def _type_fields(self, _: Call, project: str, number: str) -> tuple[int, Any]:
        self._known(project)
        names = {"summary": True, "description": False, "labels": False, "reporter": True, "project": True}
        names |= dict.fromkeys(self.state.custom_fields, False) | dict.fromkeys(self.state.required, True)
        fields = [
            {"fieldId": name, "name": name, "required": needed, "hasDefaultValue": name == "reporter"}
            for name, needed in names.items()
        ]
        return 200, {("fields" if self.state.kind == "cloud" else "values"): fields, "total": len(fields)}

    def _desk(self, _: Call, number: str) -> tuple[int, Any]:
        if number not in self.state.desks:
            raise Refused(404, "no such service desk", bug=False)
        return 200, {"id": number, "projectKey": self.state.desks[number]}

    def _form(self, _: Call, number: str, kind: str) -> tuple[int, Any]:
        if self.state.request_types.get(kind) != number:
            raise Refused(404, "no such request type", bug=False)
        names = {"summary": True, "description": False, **dict.fromkeys(self.state.required, True)}
        fields = [{"fieldId": name, "required": needed, "defaultValues": []} for name, needed in names.items()]
        return 200, {"requestTypeFields": fields, "canRaiseOnBehalfOf": self.state.raises_for_others}

    # --- issues ------------------------------------------------------------------------------------------------

    def _create(self, call: Call) -> tuple[int, Any]:
        project, values = jira_rules.issue_values(self.state, call.body)
        made = self.state.add(project, values)
        return 201, {"id": str(made.number), "key": made.key, "self": "https://elsewhere.example/1"}

    def _request(self, call: Call) -> tuple[int, Any]:
        if self.state.kind != "cloud" and call.headers.get("x-experimentalapi") != "opt-in":
            raise Refused(412, "this is experimental")
        project, values = jira_rules.request_values(self.state, call.body)
        made = self.state.add(project, values)
        return 201, {"issueId": str(made.number), "issueKey": made.key, "requestTypeId": "25", "serviceDeskId": "4"}

    def _there(self, key: str) -> Issue:
        if key not in self.state.issues or "BROWSE_PROJECTS" not in self.state.permissions:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.", bug=False)
        return self.state.issues[key]

    def _issue(self, call: Call, key: str) -> tuple[int, Any]:
        return 200, self.state.seen(self._there(key), text(_one(call, "fields")).split(","))

    def _comments(self, call: Call, key: str) -> tuple[int, Any]:
        comments, most = self._there(key).comments, int(_one(call, "maxResults"))
        if _one(call, "orderBy") != "-created":
            raise Refused(400, "orderBy")
        return 200, {"startAt": 0, "maxResults": most, "total": len(comments), "comments": comments[::-1][:most]}

    def _comment(self, call: Call, key: str) -> tuple[int, Any]:
        self._there(key)
        body = only(call.body, {"body"}, frozenset({"visibility", "properties"}))["body"]
        if "ADD_COMMENTS" not in self.state.permissions:
            raise Refused(403, "no permission", bug=False)
        if self.state.kind == "cloud":
            jira_rules.description(self.state, body)
        else:
            text(body)
        return 201, self.state.comment(key, body)

    def _watch(self, call: Call, key: str) -> tuple[int, Any]:
        person = self.state.person(text(call.body))
        if person is None or "MANAGE_WATCHERS" not in self.state.permissions:
            raise Refused(403, "no permission", bug=False)
        self._there(key).watchers.append(person.name)
        return 204, None

    def _attach(self, call: Call, key: str) -> tuple[int, Any]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/"""
        self._there(key)
        if call.headers.get("x-atlassian-token") != "no-check":
            raise Refused(403, "XSRF check failed")
        if "CREATE_ATTACHMENTS" not in self.state.permissions:
            raise Refused(403, "no permission", bug=False)
        parts = jira_rules.files(call.headers["content-type"], call.body)
        return 200, [self.state.attach(key, *part) for part in parts]

    # --- search ------------------------------------------------------------------------------------------------

    def _search(self, call: Call) -> tuple[int, Any]:
        fields, most = call.query.get("fields", []), int(_one(call, "maxResults"))
        expand = (call.query.get("expand") or [""])[0]
        if not fields or "*all" in fields or not 1 <= most <= 100 or expand not in ("", "changelog"):
            raise Refused(400, "fields, maxResults or expand")
        try:
            query = jira_jql.parse(_one(call, "jql"), lambda at: (self.state.now() - at).total_seconds())
        except jira_jql.BadJql as error:
            raise Refused(400, f"Error in the JQL Query: {error}") from None
        self.queries.append(query)
        if not any(name == "project" and operator == "in" for name, operator in query.clauses):
            raise Refused(400, "Unbounded JQL queries are not allowed here.")
        self._check_known(query)
        found = [issue for issue in self.state.indexed() if query.fits(self.state.searched(issue))]
        found.sort(key=lambda issue: (getattr(issue, query.order), issue.number), reverse=query.descending)
        return 200, self._page(call, found, fields, most, changelog=bool(expand))

    def _check_known(self, query: jira_jql.Query) -> None:
        """A component or a field that does not exist spoils the whole query."""
        fields = {f"cf[{name.removeprefix('customfield_')}]" for name in self.state.custom_fields}
        components = {name for issue in self.state.issues.values() for name in issue.components}
        for name, value in query.compared:
            if (name.startswith("cf[") and name not in fields) or (name == "component" and value not in components):
                raise Refused(400, f"The value '{value}' does not exist for the field '{name}'.", bug=False)

    def _page(self, call: Call, found: list[Issue], fields: list[str], most: int, *, changelog: bool) -> Any:
        if self.state.kind == "cloud":
            token = (call.query.get("nextPageToken") or [""])[0]
            start = int(token.removeprefix("page-")) if token else 0
        else:
            start = int((call.query.get("startAt") or ["0"])[0])
        shown = [self.state.seen(one, fields, changelog=changelog) for one in found[start : start + most]]
        if self.state.kind != "cloud":
            return {"startAt": start, "maxResults": most, "total": len(found), "issues": shown}
        last = start + most >= len(found)
        return {"issues": shown, "isLast": last, **({} if last else {"nextPageToken": f"page-{start + most}"})}


def _one(call: Call, name: str) -> str:
    values = call.query.get(name, [])
    if len(values) != 1:
        raise Refused(400, f"{name} is needed, once")
    return values[0]


def query_of(text_: str) -> dict[str, list[str]]:
    """The parameters of a query string."""
    return parse_qs(text_, keep_blank_values=True, strict_parsing=bool(text_))
