"""Our side of Jira's interface: the `jira` library in threads of its own where it knows how, plain HTTP where not."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from connectors.jira.multipart import multipart
from connectors.jira.settings import JiraSettings
from connectors.jira.transport import Transport, adapter, deadline
from connectors.jira.trouble import SYSTEM, Passing, of_doubt
from connectors.settings import OutsideSettings
from core.errors import ConnectorError

if TYPE_CHECKING:
    from jira import JIRA

THREADS = 4
"""Calls of the library at once. More wait, and give up when their time is over."""
T = TypeVar("T")


class JiraClient:
    """One account at one Jira. Every call is made inside `transport.within`, which limits it.

    Raises `ConnectorError` when surely nothing happened, `EffectUnknown` when it may have.
    """

    def __init__(self, settings: JiraSettings, outside: OutsideSettings) -> None:
        self.settings = settings
        self._transport = Transport(settings, outside)
        self._pool: ThreadPoolExecutor | None = None
        self._library: JIRA | None = None

    @property
    def api(self) -> str:
        """The path of the interface that is spoken: version 3 has documents as descriptions, version 2 wiki text."""
        return "/rest/api/3" if self.settings.on_cloud else "/rest/api/2"

    async def close(self) -> None:
        """Give back connections and threads."""
        await self._transport.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        self._library = None

    # --- with the library ------------------------------------------------------------------------------------

    async def search(self, jql: str, fields: Sequence[str], limit: int, pages: int = 1, expand: str = "") -> list[Any]:
        """Issues as they came, at most `limit` a page. Paged by token on Cloud, by number on Data Center."""
        found: list[Any] = []
        token: str | None = None
        for _ in range(pages):
            ask = partial(self._page, jql=jql, fields=fields, limit=limit, expand=expand, start=len(found), token=token)
            page = await self._run(ask)
            issues = page.get("issues") if isinstance(page, dict) else None
            if not isinstance(issues, list):
                raise ConnectorError(SYSTEM, "Jira's answer to a search is none")
            found += issues
            token = page.get("nextPageToken")
            total = page.get("total")
            if not issues or (
                not token if self.settings.on_cloud else not isinstance(total, int) or len(found) >= total
            ):
                break
        return found

    def _page(
        self, library: JIRA, *, jql: str, fields: Sequence[str], limit: int, expand: str, start: int, token: str | None
    ) -> Any:
        wanted, more = list(fields), expand or None
        if self.settings.on_cloud:
            return library.enhanced_search_issues(
                jql, nextPageToken=token, maxResults=limit, fields=wanted, expand=more, json_result=True
            )
        return library.search_issues(jql, startAt=start, maxResults=limit, fields=wanted, expand=more, json_result=True)

    async def create(self, fields: Mapping[str, Any]) -> str:
        """File an issue; returns its key."""
        return str((await self._run(lambda j: j.create_issue(dict(fields), prefetch=False), writes=True)).key)

    async def comment(self, issue: str, body: Any) -> None:
        """Add a comment: a document on Cloud, text on Data Center. `issue` is a checked key."""
        await self._run(lambda j: j.add_comment(issue, body), writes=True)

    async def comments(self, issue: str, limit: int) -> list[Any]:
        """The newest comments of an issue, as they came."""
        comments = await self._run(lambda j: j.comments(issue, max_results=limit, order_by="-created"))
        return [comment.raw for comment in comments]

    async def myself(self) -> Mapping[str, Any]:
        """Who the account is."""
        return _mapping(await self._run(lambda j: j.myself()))

    async def permissions(self, project: str, names: Sequence[str]) -> frozenset[str]:
        """Those of the named permissions that the account has in a project, or for all of Jira."""
        given = await self._run(lambda j: j.my_permissions(projectKey=project, permissions=",".join(names)))
        known = _mapping(given).get("permissions")
        if not isinstance(known, dict):
            raise ConnectorError(SYSTEM, "Jira does not say what the account may do")
        return frozenset(name for name in names if (known.get(name) or {}).get("havePermission") is True)

    # --- without -----------------------------------------------------------------------------------------------

    async def ask(self, path: str, **params: str) -> Any:
        """GET a path below the address of Jira, as JSON. Every part of the path is ours or checked."""
        query = f"?{urlencode(params)}" if params else ""
        response = await self._transport.send("GET", f"{self.settings.url}{path}{query}", headers=_ACCEPT)
        return json.loads(response.content) if response.content else None

    async def post(self, path: str, body: Any) -> Any:
        """POST JSON."""
        headers = {**_ACCEPT, "Content-Type": "application/json", "X-Atlassian-Token": "no-check"}
        if path.startswith("/rest/servicedeskapi/") and not self.settings.on_cloud:
            headers["X-ExperimentalApi"] = "opt-in"
        sent = json.dumps(body).encode()
        response = await self._transport.send("POST", f"{self.settings.url}{path}", headers=headers, content=sent)
        return json.loads(response.content) if response.content else None

    async def attach(self, issue: str, name: str, media_type: str, content: bytes) -> None:
        """Add a file to an issue. `issue` is a checked key, `name` a clean one; `media_type` is our own word."""
        kind, body = multipart(name, media_type, content)
        headers = {**_ACCEPT, "Content-Type": kind, "X-Atlassian-Token": "no-check"}
        url = f"{self.settings.url}{self.api}/issue/{issue}/attachments"
        await self._transport.send("POST", url, headers=headers, content=body)

    async def attachments(self, issue: str) -> list[Mapping[str, Any]]:
        """The files of an issue, as they came."""
        raw = _mapping(await self.ask(f"{self.api}/issue/{issue}", fields="attachment"))
        found = _mapping(raw.get("fields")).get("attachment")
        if not isinstance(found, list):
            raise ConnectorError(SYSTEM, "Jira does not say which files an issue has")
        return [_mapping(one) for one in found]

    # --- the library's thread ----------------------------------------------------------------------------------

    async def _run(self, work: Callable[[JIRA], T], *, writes: bool = False) -> T:
        library = self._opened()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="jira")
        future = self._pool.submit(contextvars.copy_context().run, _named, work, library, writes)
        try:
            # The call itself ends at the deadline; a little later it is only said how.
            async with asyncio.timeout_at(deadline() + 0.2):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if future.cancelled():
                raise Passing(SYSTEM, "too many calls to Jira wait already") from None
            raise of_doubt("Jira gave no answer in time", writes=writes) from None

    def _opened(self) -> JIRA:
        if self._library is None:
            self._library = _library(self.settings, self._transport)
        return self._library


_ACCEPT = {"Accept": "application/json"}


def _named(work: Callable[[JIRA], T], library: JIRA, writes: bool) -> T:
    """What the library makes of a strange answer is no answer: its own errors quote all that was sent."""
    from jira import JIRAError

    try:
        return work(library)
    except ConnectorError:
        raise
    except (JIRAError, LookupError, TypeError, ValueError, AttributeError, OSError, CancelledError) as error:
        raise of_doubt(f"Jira answers something else than was asked ({type(error).__name__})", writes=writes) from None


def _library(settings: JiraSettings, transport: Transport) -> JIRA:
    """The library, without what it would do by itself: ask for the server, try again, read the environment."""
    from jira import JIRA

    class Quiet(JIRA):
        """Field names are given as Jira's own: nothing to look up, and the list of all fields can be very long."""

        @property
        def _fields_cache(self) -> dict[str, str]:
            return {}

    version = "3" if settings.on_cloud else "2"
    library = Quiet(
        options={"server": settings.url, "rest_api_version": version, "check_update": False},
        get_server_info=False,
        logging=False,
        max_retries=0,
        timeout=settings.write_seconds,
    )
    library.deploymentType = "Cloud" if settings.on_cloud else "Data Center"
    loop = asyncio.get_running_loop()
    for scheme in ("https://", "http://"):
        library._session.mount(scheme, adapter(transport, loop))
    library._session.trust_env = False
    return library


def _mapping(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise ConnectorError(SYSTEM, "Jira answers something else than was asked")
    return answer
