"""What Jira refuses in the bodies that Loket sends, after Atlassian's published OpenAPI and its server's own checks."""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.servers import adf_rules
from tests.servers.jira_state import State

LABEL = re.compile(r"\S{1,255}")


class Refused(Exception):
    """An answer with an error. `bug`: no client that knows the interface would have asked this."""

    def __init__(self, status: int, *messages: str, bug: bool = True, **errors: str) -> None:
        super().__init__(status, messages, errors)
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": errors}
        self.bug = bug

    def __str__(self) -> str:
        return f"{self.status} {self.body}"


def only(body: Any, required: set[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """An object with exactly these names."""
    if not isinstance(body, dict):
        raise Refused(400, "not an object")
    if unknown := set(body) - required - optional:
        raise Refused(400, f"Unrecognized field {sorted(unknown)}")
    if missing := required - set(body):
        raise Refused(400, f"missing {sorted(missing)}")
    return body


def files(content_type: str, body: Any) -> list[tuple[str, str, bytes]]:
    """Name, type and content of each file of a form."""
    if not isinstance(body, bytes):
        raise Refused(400, "no form")
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found = []
    for part in message.iter_parts():
        name = part.get_filename()
        if part.get_param("name", header="content-disposition") != "file" or not name or "/" in name:
            raise Refused(400, "a part that is no file")
        content = part.get_payload(decode=True)
        found.append((name, part.get_content_type(), content))
    if not found:
        raise Refused(400, "no file")
    return found


def issue_values(state: State, body: Any) -> tuple[str, dict[str, Any]]:
    """The project and the values of a new issue."""
    body = only(body, {"fields"}, frozenset({"update", "properties", "historyMetadata", "transition"}))
    fields = body["fields"]
    known = frozenset({"description", "labels", "reporter", "components", *state.custom_fields})
    if unknown := set(fields) - known - {"project", "issuetype", "summary"}:
        raise Refused(400, **dict.fromkeys(sorted(unknown), "cannot be set. It is not on the appropriate screen"))
    only(fields, {"project", "issuetype", "summary"}, known)
    project, kind = only(fields["project"], {"key"})["key"], only(fields["issuetype"], {"name"})["name"]
    if project not in state.projects or "CREATE_ISSUES" not in state.permissions:
        raise Refused(400, bug=False, project="valid project is required")
    if kind not in state.projects[project]:
        raise Refused(400, bug=False, issuetype="Specify a valid issue type")
    if needed := [name for name in state.required if not fields.get(name)]:
        raise Refused(400, bug=False, **dict.fromkeys(needed, "is required."))
    values: dict[str, Any] = {
        "issuetype": kind,
        "summary": summary(fields["summary"]),
        "description": description(state, fields.get("description")),
        "labels": labels(fields.get("labels", [])),
        "extra": {name: text(fields[name]) for name in state.custom_fields if name in fields},
    }
    if "reporter" in fields:
        values["reporter"] = reporter(state, fields["reporter"])
    return project, values


def request_values(state: State, body: Any) -> tuple[str, dict[str, Any]]:
    """The same for a request of a service desk."""
    allowed = frozenset({"raiseOnBehalfOf", "requestParticipants", "channel", "form"})
    extra = frozenset({"isAdfRequest"}) if state.kind == "cloud" else frozenset()
    body = only(body, {"serviceDeskId", "requestTypeId", "requestFieldValues"}, allowed | extra)
    desk, kind = text(body["serviceDeskId"]), text(body["requestTypeId"])
    if desk not in state.desks or state.request_types.get(kind) != desk:
        raise Refused(404, "no such request type", bug=False)
    values = only(body["requestFieldValues"], {"summary"}, frozenset({"description"}))
    if (state.kind == "cloud") != (body.get("isAdfRequest") is True):
        raise Refused(400, "a document without isAdfRequest, or the other way round")
    made: dict[str, Any] = {
        "issuetype": "Task",
        "summary": summary(values["summary"]),
        "description": description(state, values.get("description")),
    }
    if "raiseOnBehalfOf" in body:
        person = state.person(text(body["raiseOnBehalfOf"]))
        if person is None or not state.raises_for_others:
            raise Refused(400, "cannot raise on behalf of this user", bug=False)
        made["reporter"] = person
    return state.desks[desk], made


def reporter(state: State, value: Any) -> Any:
    """An account, named as this kind of Jira names them."""
    ident = only(value, {"accountId"} if state.kind == "cloud" else {"name"})
    person = state.person(text(next(iter(ident.values()))))
    if "MODIFY_REPORTER" not in state.permissions or person is None:
        raise Refused(400, bug=False, reporter="Field 'reporter' cannot be set.")
    return person


def description(state: State, value: Any) -> Any:
    """A document on Cloud, text on Data Center."""
    if state.kind != "cloud":
        if not isinstance(value, str) or len(value) > 32_767:
            raise Refused(400, description="Operation value must be a string")
        return value
    if wrong := adf_rules.problems(value):
        raise Refused(400, description=f"Operation value must be an Atlassian Document: {wrong[:3]}")
    return value


def summary(value: Any) -> str:
    """One line."""
    if not isinstance(value, str) or not value.strip() or len(value) > 255 or "\n" in value:
        raise Refused(400, summary="The summary is invalid")
    return value


def labels(value: Any) -> list[str]:
    """Words."""
    if not isinstance(value, list) or not all(isinstance(one, str) and LABEL.fullmatch(one) for one in value):
        raise Refused(400, labels="The label contains spaces which is invalid.")
    return value


def text(value: Any) -> str:
    """A string and nothing that could be taken for one."""
    if not isinstance(value, str) or not value:
        raise Refused(400, f"not a string: {type(value).__name__}")
    return value
