"""Who is who in Jira: our own account, and the one account that surely belongs to an employee."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from connectors.directory import Directory
from connectors.jira.client import JiraClient
from connectors.jira.issues import account_id
from connectors.jira.trouble import SYSTEM
from core.errors import ConnectorError

KEPT_SECONDS = 300.0
MOST_KEPT = 1000


class JiraAccounts:
    """Looks accounts up by the work e-mail address of the directory, and remembers them for five minutes."""

    def __init__(self, client: JiraClient, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._me = ""
        self._known: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def me(self) -> str:
        """Our own account."""
        if not self._me:
            self._me = account_id(await self._client.myself(), self._client.settings)
            if not self._me:
                raise ConnectorError(SYSTEM, "Jira does not say who the account is: is the token a person's?")
        return self._me

    async def filer(self) -> str:
        """The account that files Loket's tickets."""
        return self._client.settings.filed_by or await self.me()

    async def name(self, employee_id: str) -> str:
        """What colleagues call them; the employee number when the directory does not know."""
        person = await self._directory.by_id(employee_id)
        return person.name if person else employee_id

    async def of(self, employee_id: str) -> str:
        """The account of an employee; empty when there is none, or when it is not beyond doubt which.

        Beyond doubt: exactly one active account has exactly the address that the directory gives.
        """
        if self._client.settings.requester == "mark":
            return ""
        now = asyncio.get_running_loop().time()
        if (kept := self._known.get(employee_id)) and kept[0] > now:
            return kept[1]
        found = await self._look_up(employee_id)
        self._known[employee_id] = (now + KEPT_SECONDS, found)
        self._known.move_to_end(employee_id)
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return found

    async def _look_up(self, employee_id: str) -> str:
        person = await self._directory.by_id(employee_id)
        if person is None or not person.active or "@" not in person.email:
            return ""
        name = "query" if self._client.settings.on_cloud else "username"
        found = await self._client.ask(f"{self._client.api}/user/search", **{name: person.email, "maxResults": "50"})
        if not isinstance(found, list):
            raise ConnectorError(SYSTEM, "Jira's answer is no list of people")
        fitting = {account_id(one, self._client.settings) for one in found if _is(one, person.email)}
        return fitting.pop() if len(fitting) == 1 else ""


def _is(account: Any, email: str) -> bool:
    return (
        isinstance(account, dict)
        and account.get("active") is True
        and account.get("accountType", "atlassian") in ("atlassian", "customer")
        and str(account.get("emailAddress", "")).casefold() == email.casefold()
    )
