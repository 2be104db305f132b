"""Tickets in Jira, Cloud and Data Center: what the executor may change.

Jira knows no idempotency key, and its search runs behind what was written. So a ticket carries the action's id as a
mark, it is looked for before it is filed, and one whose filing ended in doubt is looked for again: never filed again.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, ClassVar

from connectors.jira import issues, marks
from connectors.jira.adf import to_adf
from connectors.jira.filing import file
from connectors.jira.issues import Issue
from connectors.jira.transport import deadline
from connectors.jira.transport import within as time_limit
from connectors.jira.trouble import SYSTEM
from connectors.jira.wiki import to_wiki
from connectors.tickets import Ticket, TicketDraft, TicketFile
from connectors.tickets.jira_reader import JiraTicketReader
from core.errors import ConnectorError, EffectUnknown

__all__ = ["JiraTicketReader", "JiraTickets"]
FILING_SHARE = 0.7
"""The share of the time for one change that the call itself may take; in the rest its trace is looked for."""
LOOK_AGAIN = (0.1, 0.4, 1.0, 2.0)
"""Pauses before each look after a doubtful call, in seconds. Later the gate looks on by itself."""


class JiraTickets(JiraTicketReader):
    """Implements `Tickets`, with an account that may create issues and add comments."""

    files: ClassVar[bool] = True

    @property
    def repeats_safely(self) -> bool:
        """No: between looking and filing there is a gap, and a call given up may still be carried out."""
        return False

    async def create(self, draft: TicketDraft, key: str) -> Ticket:
        """File a ticket. `EffectUnknown` when it may be there although it was not found again in a few seconds."""
        queue = self._settings.by_name.get(draft.queue)
        if queue is None:
            raise ConnectorError(SYSTEM, f"there is no queue {draft.queue!r}; there are {', '.join(self.queues)}")
        with time_limit(self._settings.write_seconds):
            found = await self._filed(key)
            if found is not None:
                return self._ticket(found, draft.requester_id)
            try:
                with time_limit(FILING_SHARE * self._settings.write_seconds):
                    ticket_id = await file(self._client, self._accounts, queue, draft, key)
            except EffectUnknown:
                found = await self._found_after_doubt(key)
                if found is None:
                    raise
                return self._ticket(found, draft.requester_id)
        return await self._as_filed(ticket_id, draft)

    async def comment(self, ticket_id: str, requester_id: str, text: str, key: str) -> None:
        """Add a comment in the requester's name. `EffectUnknown` when it may be there although nobody sees it."""
        with time_limit(self._settings.write_seconds):
            if await self._get(ticket_id, requester_id) is None:
                raise ConnectorError(SYSTEM, "there is no such ticket for this person")
            if await self._commented(ticket_id, key):
                return
            whole = marks.signed(text, await self._accounts.name(requester_id), key)
            body: Any = to_adf(whole) if self._settings.on_cloud else to_wiki(whole)
            try:
                with time_limit(FILING_SHARE * self._settings.write_seconds):
                    await self._client.comment(ticket_id, body)
            except EffectUnknown:
                if not await self._surely_commented(ticket_id, key):
                    raise

    async def attach(self, ticket_id: str, requester_id: str, file: TicketFile, key: str) -> None:
        """Add a file. `EffectUnknown` when it may be there although nobody sees it.

        A file has no mark of its own: its name and size on a ticket that we have just filed, by our account, are one.
        """
        with time_limit(self._settings.write_seconds):
            if await self._get(ticket_id, requester_id) is None:
                raise ConnectorError(SYSTEM, "there is no such ticket for this person")
            if await self._attached(ticket_id, file.name, len(file.content)):
                return
            try:
                with time_limit(FILING_SHARE * self._settings.write_seconds):
                    await self._client.attach(ticket_id, file.name, file.media_type, file.content)
            except EffectUnknown:
                if not await self._surely_attached(ticket_id, file):
                    raise

    async def attached(self, ticket_id: str, requester_id: str, name: str, size: int, key: str) -> bool:
        """Whether a file of this name and size is there, put there by us."""
        with time_limit(self._settings.read_seconds):
            there = await self._get(ticket_id, requester_id)
            return there is not None and await self._attached(ticket_id, name, size)

    async def _attached(self, ticket_id: str, name: str, size: int) -> bool:
        me = await self._accounts.me()
        return any(
            raw.get("filename") == name
            and raw.get("size") == size
            and issues.account_id(raw.get("author"), self._settings) == me
            for raw in await self._client.attachments(ticket_id)
        )

    async def _surely_attached(self, ticket_id: str, file: TicketFile) -> bool:
        try:
            return await self._attached(ticket_id, file.name, len(file.content))
        except ConnectorError:
            return False

    async def _found_after_doubt(self, key: str) -> Issue | None:
        """The ticket, if it comes to light while there is time."""
        for pause in LOOK_AGAIN:
            if asyncio.get_running_loop().time() + pause >= deadline():
                break
            await asyncio.sleep(pause)
            with contextlib.suppress(ConnectorError):  # whoever cannot look knows no more than before
                if (found := await self._filed(key)) is not None:
                    return found
        return None

    async def _surely_commented(self, ticket_id: str, key: str) -> bool:
        try:
            return await self._commented(ticket_id, key)
        except ConnectorError:
            return False

    async def _as_filed(self, ticket_id: str, draft: TicketDraft) -> Ticket:
        """The ticket as Jira has it; if it cannot be read just now, as it was sent: it was filed in any case."""
        try:
            with time_limit(self._settings.read_seconds):
                seen = await self._get(ticket_id, draft.requester_id)
        except ConnectorError:
            seen = None
        address = f"{self._settings.browse_url or self._settings.url}/browse/{ticket_id}"
        return seen or Ticket(
            ticket_id, draft.queue, draft.summary, draft.description, draft.requester_id, "", self._now(), address
        )
