"""Filing one ticket: as an issue of a project, or as a request of a service desk."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from connectors.jira import marks
from connectors.jira.accounts import JiraAccounts
from connectors.jira.adf import to_adf
from connectors.jira.client import JiraClient
from connectors.jira.issues import project_of
from connectors.jira.settings import JiraQueue
from connectors.jira.trouble import SYSTEM
from connectors.jira.wiki import to_wiki
from connectors.tickets import TicketDraft
from core.errors import ConnectorError, EffectUnknown
from core.plain_text import one_line

SUMMARY_CHARACTERS = 255
"""Jira's own limit."""
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#@$&'()*+,;=%-]{1,500}")


async def file(client: JiraClient, accounts: JiraAccounts, queue: JiraQueue, draft: TicketDraft, key: str) -> str:
    """File it once and give its number. Raises `EffectUnknown` when it may be there without our knowing."""
    account = await accounts.of(draft.requester_id)
    name = await accounts.name(draft.requester_id)
    if queue.by_request:
        number = await _request(client, queue, draft, key, name, account)
    else:
        number = await client.create(_fields(client, queue, draft, key, name, account))
    if project_of(number, client.settings) is None:
        raise EffectUnknown(SYSTEM, "Jira names a ticket that is none of ours")
    if account and client.settings.requester == "watcher":
        with contextlib.suppress(ConnectorError):  # the ticket is filed; who watches it is a courtesy
            await client.post(f"{client.api}/issue/{number}/watchers", account)
    return number


def _fields(
    client: JiraClient, queue: JiraQueue, draft: TicketDraft, key: str, name: str, account: str
) -> dict[str, Any]:
    settings = client.settings
    in_field = settings.requester_field
    fields: dict[str, Any] = {
        "project": {"key": queue.project},
        "issuetype": {"name": queue.issue_type},
        "summary": _summary(draft.summary),
        "description": _description(client, draft, marks.footer(name, draft.requester_id)),
        "labels": list(marks.labels(key, "" if in_field else draft.requester_id)),
    }
    if in_field:
        fields[in_field] = draft.requester_id
    if account and settings.requester == "reporter":
        fields["reporter"] = {"accountId": account} if settings.on_cloud else {"name": account}
    return fields


async def _request(client: JiraClient, queue: JiraQueue, draft: TicketDraft, key: str, name: str, account: str) -> str:
    """A request's form takes no labels: the marks stand in the last line of the description."""
    footer = marks.footer(name, draft.requester_id, key)
    body: dict[str, Any] = {
        "serviceDeskId": queue.desk_id,
        "requestTypeId": queue.request_type_id,
        "requestFieldValues": {
            "summary": _summary(draft.summary),
            "description": _description(client, draft, footer),
        },
    }
    if client.settings.on_cloud:
        body["isAdfRequest"] = True
    if account and client.settings.requester == "reporter":
        body["raiseOnBehalfOf"] = account
    made = await client.post("/rest/servicedeskapi/request", body)
    number = made.get("issueKey") if isinstance(made, dict) else None
    if not isinstance(number, str):
        raise EffectUnknown(SYSTEM, "Jira does not say which ticket it made")
    return number


def _summary(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= SUMMARY_CHARACTERS else f"{line[: SUMMARY_CHARACTERS - 1]}…"


def _description(client: JiraClient, draft: TicketDraft, footer: str) -> Any:
    """What is wrong, the way to the conversation, for whom."""
    link = draft.link if _LINK.fullmatch(draft.link) else ""
    write = to_adf if client.settings.on_cloud else to_wiki
    return write(draft.description.rstrip(), link, footer)
