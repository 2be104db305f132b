"""Tickets in Jira, Cloud and Data Center, as far as the agent may see them: by reading only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from connectors.directory import Directory
from connectors.examination import Seen
from connectors.jira import examination, issues, marks
from connectors.jira.accounts import JiraAccounts
from connectors.jira.adf import from_adf
from connectors.jira.client import JiraClient
from connectors.jira.issues import Issue
from connectors.jira.jql import either, equals, has_phrase, within
from connectors.jira.settings import JiraSettings
from connectors.jira.transport import within as time_limit
from connectors.jira.trouble import SYSTEM, NotThere
from connectors.jira.wiki import from_wiki
from connectors.settings import OutsideSettings
from connectors.tickets import Ticket, TicketChange
from connectors.tickets.likeness import likeness
from core.errors import ConnectorError

MOST_FOUND = 50
"""Open tickets and outages that are compared with what somebody says."""
COMMENTS_READ = 50
"""So many of the newest comments are looked through for one of ours."""
CHANGED_PAGES = 5


class JiraTicketReader:
    """Implements `TicketReader`. A person sees their own tickets, and everybody sees outages.

    `directory` says which work e-mail address and name somebody has. `now` gives the time in UTC.
    """

    files: ClassVar[bool] = False
    """Whether its account has to be able to file tickets."""

    def __init__(
        self,
        settings: JiraSettings,
        outside: OutsideSettings,
        directory: Directory,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._client = JiraClient(settings, outside)
        self._accounts = JiraAccounts(self._client, directory)
        self._now = now

    @property
    def queues(self) -> Sequence[str]:
        """Those of the settings."""
        return tuple(self._settings.by_name)

    async def close(self) -> None:
        """Give back connections and threads."""
        await self._client.close()

    async def powers(self) -> Sequence[str]:
        """What the account may change in the projects, by Jira's own names."""
        with time_limit(self._settings.write_seconds):
            return await examination.powers(self._client)

    async def examine(self) -> Sequence[Seen]:
        """What is there and what is missing, read-only. Never raises `ConnectorError`: it is what was seen then."""
        with time_limit(self._settings.write_seconds):
            seen = await examination.examine(self._client, self._accounts, files=self.files)
            return [*seen, *(await self._searchable() if seen[0].good else ())]

    async def get(self, ticket_id: str, requester_id: str) -> Ticket | None:
        """One ticket, if it is this person's or an outage. What is no number of our projects never reaches Jira."""
        with time_limit(self._settings.read_seconds):
            return await self._get(ticket_id, requester_id)

    async def mine(self, requester_id: str, limit: int = 10) -> Sequence[Ticket]:
        """The person's own tickets, newest first."""
        with time_limit(self._settings.read_seconds):
            most = min(max(limit, 1) + 10, MOST_FOUND)  # outages are left out below
            found = await self._search(await self._own(requester_id), order="created DESC", limit=most)
            own = [issue for issue in found if not self._is_outage(issue) and await self._belongs(issue, requester_id)]
            return [self._ticket(issue, requester_id) for issue in own][:limit]

    async def similar(self, queue: str, words: str, requester_id: str, limit: int = 3) -> Sequence[Ticket]:
        """Open outages of any queue, and own open tickets of this one, that resemble `words`; best first.

        The words never become a query: what is open is compared with them here.
        """
        there = self._settings.by_name.get(queue)
        if there is None:
            return []
        with time_limit(self._settings.read_seconds):
            own = f"({equals('project', there.project)} AND {await self._own(requester_id)})"
            asked = ("statusCategory != Done", either(self._outage(), own))
            found = await self._search(*asked, order="updated DESC", limit=MOST_FOUND)
            seen = [
                (issue, requester_id if await self._belongs(issue, requester_id) else "")
                for issue in found
                if not issue.closed
            ]
        scored = [
            (likeness(words, issue.summary, marks.without_footer(issue.description)), self._ticket(issue, whose))
            for issue, whose in seen
            if self._is_outage(issue) or (whose and issue.project == there.project)
        ]
        fitting = [pair for pair in scored if pair[0] > 0]
        fitting.sort(key=lambda pair: (-pair[0], not pair[1].is_outage, pair[1].ticket_id))
        return [ticket for _, ticket in fitting[:limit]]

    async def by_key(self, key: str) -> Ticket | None:
        """The ticket filed under this key. None is no proof: the search of Jira Cloud runs behind by up to minutes."""
        with time_limit(self._settings.read_seconds):
            found = await self._filed(key)
            return self._ticket(found, "") if found else None

    async def commented(self, ticket_id: str, requester_id: str, key: str) -> bool:
        """Whether the comment of this key stands on the ticket."""
        with time_limit(self._settings.read_seconds):
            there = await self._get(ticket_id, requester_id)
            return there is not None and await self._commented(ticket_id, key)

    async def changes(self, since: datetime) -> Sequence[TicketChange]:
        """The last change of status since then of each ticket of our projects, oldest first."""
        # Counted back from now: a time of day would be read in the time zone of the account.
        minutes = max(1, int((self._now() - since).total_seconds() // 60) + 1)
        asked = within(self._settings.projects, f"updated >= -{minutes}m", order="updated DESC")
        with time_limit(self._settings.write_seconds):
            raw = await self._client.search(asked, ("status",), 100, pages=CHANGED_PAGES, expand="changelog")
        found = [issues.newest_change(one, self._settings) for one in raw]
        since = since.replace(microsecond=since.microsecond // 1000 * 1000)  # Jira's times are in milliseconds
        return sorted(
            (change for change in found if change and change.at >= since), key=lambda change: change.change_id
        )

    async def _searchable(self) -> Sequence[Seen]:
        """Jira refuses a whole search for a component or a field that it does not know."""
        try:
            asked = either(self._outage(), await self._own("nobody"))
            await self._search(asked, order="created DESC", limit=1)
        except ConnectorError as error:
            advice = "check LOKET_JIRA_OUTAGE_COMPONENT and LOKET_JIRA_REQUESTER_FIELD"
            return [Seen("Jira: search", False, error.detail, advice)]
        return [Seen("Jira: search", True, "own tickets and outages can be searched for")]

    # --- inside ------------------------------------------------------------------------------------------------

    async def _get(self, ticket_id: str, requester_id: str) -> Ticket | None:
        if issues.project_of(ticket_id, self._settings) is None:
            return None
        path = f"{self._client.api}/issue/{ticket_id}"
        try:
            raw = await self._client.ask(path, fields=",".join(issues.wanted(self._settings)))
        except NotThere:
            return None
        issue = issues.read(raw, self._settings)
        if issues.project_of(issue.key, self._settings) is None:
            return None  # it was moved to a project that is none of ours
        if await self._belongs(issue, requester_id):
            return self._ticket(issue, requester_id)
        return self._ticket(issue, "") if self._is_outage(issue) else None

    async def _search(self, *clauses: str, order: str, limit: int) -> list[Issue]:
        asked = within(self._settings.projects, *clauses, order=order)
        raw = await self._client.search(asked, issues.wanted(self._settings), limit)
        return [issues.read(one, self._settings) for one in raw]

    async def _filed(self, key: str) -> Issue | None:
        token = has_phrase("description", marks.key_token(key)) if self._by_request() else ""
        found = await self._search(either(equals("labels", marks.key_label(key)), token), order="created ASC", limit=10)
        for issue in found:
            if marks.key_label(key) in issue.labels or marks.key_token(key) in marks.tokens(issue.description):
                return issue
        return None

    async def _commented(self, ticket_id: str, key: str) -> bool:
        me, read = await self._accounts.me(), from_adf if self._settings.on_cloud else from_wiki
        for raw in await self._client.comments(ticket_id, COMMENTS_READ):
            if issues.account_id(raw.get("author"), self._settings) == me and marks.is_comment(
                read(raw.get("body")), key
            ):
                return True
        return False

    async def _own(self, requester_id: str) -> str:
        """The clause for one person's tickets. What it finds is looked at again, one by one."""
        field = self._settings.requester_field
        account = await self._accounts.of(requester_id)
        try:
            return either(
                equals("labels", marks.requester_label(requester_id)),
                has_phrase("description", marks.requester_token(requester_id)) if self._by_request() else "",
                has_phrase(f"cf[{field.removeprefix('customfield_')}]", requester_id) if field else "",
                equals("reporter", account) if account else "",
            )
        except ValueError:
            raise ConnectorError(SYSTEM, "there is an employee number that cannot be searched for") from None

    async def _belongs(self, issue: Issue, requester_id: str) -> bool:
        account, filer = await self._accounts.of(requester_id), await self._accounts.filer()
        return issues.belongs_to(issue, requester_id, account, filer, self._settings)

    def _by_request(self) -> bool:
        return any(queue.by_request for queue in self._settings.by_name.values())

    def _outage(self) -> str:
        label, component = self._settings.outage_label, self._settings.outage_component
        return either(equals("labels", label) if label else "", equals("component", component) if component else "")

    def _is_outage(self, issue: Issue) -> bool:
        return issues.is_outage(issue, self._settings)

    def _ticket(self, issue: Issue, requester_id: str) -> Ticket:
        return issues.ticket(issue, requester_id, self._settings)
