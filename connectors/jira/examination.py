"""A look at Jira for `loket doctor` and for the start: who we are there, what is missing, what we could change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.examination import Seen
from connectors.jira.accounts import JiraAccounts
from connectors.jira.client import JiraClient
from connectors.jira.settings import JiraQueue, JiraSettings
from connectors.jira.trouble import SYSTEM, NotThere
from core.errors import ConnectorError

CHANGING = (
    "CREATE_ISSUES", "ADD_COMMENTS", "EDIT_ISSUES", "TRANSITION_ISSUES", "MODIFY_REPORTER", "MANAGE_WATCHERS",
    "ASSIGN_ISSUES", "DELETE_ISSUES", "MOVE_ISSUES", "LINK_ISSUES", "CREATE_ATTACHMENTS", "ADMINISTER_PROJECTS",
    "ADMINISTER",
)  # fmt: skip
"""Permissions with which an account changes something. Source: Atlassian's list of built-in permissions."""
_TOO_MUCH = frozenset({"DELETE_ISSUES", "MOVE_ISSUES", "ADMINISTER_PROJECTS", "ADMINISTER", "TRANSITION_ISSUES"})
_FILLED = frozenset({"project", "issuetype", "summary", "description", "labels"})
"""What Loket fills in itself, besides what the settings add."""


async def powers(client: JiraClient) -> Sequence[str]:
    """What the account may change, as `Jira SUP: CREATE_ISSUES`. Raises `ConnectorError`."""
    found: list[str] = []
    for project in client.settings.projects:
        try:
            held = await client.permissions(project, _changing(client.settings))
        except NotThere:
            continue  # a project that the account does not see
        found += [f"Jira {project}: {name}" for name in sorted(held)]
    return found


async def examine(client: JiraClient, accounts: JiraAccounts, *, files: bool) -> Sequence[Seen]:
    """Everything that is looked at, in order. `files`: the account has to file tickets, not only read them."""
    try:
        seen = [Seen("Jira: sign-in", True, f"the account is {await accounts.me()}")]
    except ConnectorError as error:
        return [Seen("Jira: sign-in", False, error.detail, _ADVICE_SIGN_IN)]
    for queue in client.settings.by_name.values():
        seen += await _safely(f"Jira: queue {queue.name}", _queue(client, queue, files=files))
    return [*seen, *_news(client.settings), *_filer(client.settings, files=files)]


_ADVICE_SIGN_IN = "check LOKET_JIRA_URL, LOKET_JIRA_USER and LOKET_JIRA_TOKEN, and whether the token has expired"


async def _safely(what: str, looking: Any) -> Sequence[Seen]:
    try:
        found: Sequence[Seen] = await looking
    except ConnectorError as error:
        return [Seen(what, False, error.detail, "check the project, and what the account may see in it")]
    return found


async def _queue(client: JiraClient, queue: JiraQueue, *, files: bool) -> Sequence[Seen]:
    what = f"Jira: queue {queue.name}"
    await client.ask(f"{client.api}/project/{queue.project}")
    held = await client.permissions(queue.project, (*_changing(client.settings), "BROWSE_PROJECTS"))
    needed = {"BROWSE_PROJECTS"} | (_needed(client.settings, queue) if files else set())
    seen = []
    if missing := sorted(needed - held):
        advice = f"give the account {', '.join(missing)} in the project {queue.project}"
        seen.append(Seen(what, False, f"no permission {', '.join(missing)}", advice))
    if files and "CREATE_ATTACHMENTS" not in held:
        advice = f"give the account CREATE_ATTACHMENTS in the project {queue.project}, or files stay behind"
        seen.append(Seen(what, False, "no permission CREATE_ATTACHMENTS", advice, fatal=False))
    if extra := sorted(held & _TOO_MUCH if files else held - {"BROWSE_PROJECTS"}):
        advice = f"take {', '.join(extra)} in the project {queue.project} away from the account"
        detail = f"the account may do more than it needs: {', '.join(extra)}"
        seen.append(Seen(what, False, detail, advice, fatal=not files))
    if files:
        seen += await (_request_form(client, queue) if queue.by_request else _issue_form(client, queue))
    return seen or [Seen(what, True, f"project {queue.project} is ready")]


def _changing(settings: JiraSettings) -> tuple[str, ...]:
    """A Jira without service desks does not know their permission, and refuses a question about it."""
    return (*CHANGING, "SERVICEDESK_AGENT") if any(q.by_request for q in settings.by_name.values()) else CHANGING


def _needed(settings: JiraSettings, queue: JiraQueue) -> set[str]:
    needed = {"ADD_COMMENTS"} if queue.by_request else {"CREATE_ISSUES", "ADD_COMMENTS"}
    if settings.requester == "reporter" and not queue.by_request:
        needed.add("MODIFY_REPORTER")
    if settings.requester == "watcher":
        needed.add("MANAGE_WATCHERS")
    return needed


async def _issue_form(client: JiraClient, queue: JiraQueue) -> Sequence[Seen]:
    """Whether the form of the issue type asks for what we do not know, and takes what we write."""
    what, settings = f"Jira: queue {queue.name}", client.settings
    where = f"{client.api}/issue/createmeta/{queue.project}/issuetypes"
    types = _listed(await client.ask(where, maxResults="100"), "issueTypes", "values")
    kind = next((one for one in types if one.get("name") == queue.issue_type), None)
    if kind is None:
        names = ", ".join(sorted(str(one.get("name")) for one in types)) or "none"
        detail = f"the project {queue.project} has no issue type {queue.issue_type!r} that the account may create"
        return [Seen(what, False, detail, f"write one of these in LOKET_JIRA_QUEUES: {names}")]
    number = str(kind.get("id"))
    if not number.isdecimal():
        raise ConnectorError(SYSTEM, "Jira's answer names no issue type")
    fields = _listed(await client.ask(f"{where}/{number}", maxResults="200"), "fields", "values")
    written = {"summary", "description", "labels"}
    written |= {settings.requester_field} if settings.requester_field else set()
    written |= {"reporter"} if settings.requester == "reporter" else set()
    return _form(what, written, fields, id_of="fieldId", has_default="hasDefaultValue")


async def _request_form(client: JiraClient, queue: JiraQueue) -> Sequence[Seen]:
    what = f"Jira: queue {queue.name}"
    where = f"/rest/servicedeskapi/servicedesk/{queue.desk_id}"
    desk = await client.ask(where)
    if not isinstance(desk, dict) or desk.get("projectKey") != queue.project:
        detail = f"the service desk {queue.desk_id} does not belong to the project {queue.project}"
        return [Seen(what, False, detail, "check the number after `#` in LOKET_JIRA_QUEUES")]
    form = await client.ask(f"{where}/requesttype/{queue.request_type_id}/field")
    fields = _listed(form, "requestTypeFields")
    seen = list(_form(what, {"summary", "description"}, fields, id_of="fieldId", has_default="defaultValues"))
    if client.settings.requester == "reporter" and not (isinstance(form, dict) and form.get("canRaiseOnBehalfOf")):
        seen.append(Seen(what, False, "the account may not raise requests for others", "make it an agent of the desk"))
    return seen


def _form(what: str, written: set[str], fields: list[Any], *, id_of: str, has_default: str) -> Sequence[Seen]:
    there = {str(field.get(id_of) or field.get("key")): field for field in fields}
    seen = []
    if missing := sorted(written - set(there)):
        advice = f"put {', '.join(missing)} on the form, or change the settings"
        seen.append(Seen(what, False, f"the form does not take {', '.join(missing)}", advice))
    asked = sorted(
        name
        for name, field in there.items()
        if field.get("required") and not field.get(has_default) and name not in _FILLED | written
    )
    if asked:
        advice = "make them optional, give them a default, or use another type for Loket"
        seen.append(Seen(what, False, f"the form asks for what Loket does not know: {', '.join(asked)}", advice))
    return seen


def _listed(answer: Any, *names: str) -> list[Any]:
    """The list in an answer; Cloud and Data Center call it differently."""
    for name in names:
        if isinstance(answer, dict) and isinstance(answer.get(name), list):
            return [one for one in answer[name] if isinstance(one, dict)]
    raise ConnectorError(SYSTEM, "Jira's answer is no list")


def _news(settings: JiraSettings) -> Sequence[Seen]:
    if settings.poll_seconds or settings.hears:
        return []
    advice = "set LOKET_JIRA_POLL_SECONDS or LOKET_JIRA_HOOK_SECRET"
    return [Seen("Jira: news", False, "nobody hears when a ticket changes", advice, fatal=False)]


def _filer(settings: JiraSettings, *, files: bool) -> Sequence[Seen]:
    if files or settings.filed_by:
        return []
    advice = "set LOKET_JIRA_FILED_BY to the account of the executor"
    return [Seen("Jira: own tickets", False, "the agent does not know which account files tickets", advice)]
