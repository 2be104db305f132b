"""Our own client for Microsoft Graph: reads that are repeated with care, changes that never are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from connectors.graph.odata import address
from connectors.graph.refusal import GraphRefusal, refusal
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline, Pause, retry_after
from connectors.graph.tokens import Tokens
from connectors.http import async_client
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown

READ_TRY = 2.4
"""Seconds for one try of a read: two of them fit into what an asker waits."""
MOST_ROWS = 2_000
MOST_PAGES = 20
AT_ONCE = 16
"""Requests under way at once; Graph throttles whoever sends more in a burst."""

_Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Lost:
    """No answer. `unsent`: the request surely did not reach Graph."""

    unsent: bool


class GraphClient:
    """Raises `ConnectorError` (a `GraphRefusal` when Graph said no) when nothing happened, `EffectUnknown` otherwise.

    A 429 or a 503 that asks for a pause is obeyed within the caller's deadline, by all callers; a 401 costs one fresh
    token; a read that fails otherwise is tried once more. The constructor opens nothing.
    """

    def __init__(
        self, settings: EntraSettings, outside: OutsideSettings | None = None, tokens: Tokens | None = None
    ) -> None:
        settings.require()
        outside = outside or OutsideSettings()
        self._base = settings.hosts.graph_url
        self._http = async_client(outside, settings.change_seconds)
        self.tokens = tokens or Tokens(settings, outside)
        self._pause = Pause()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def get(self, segments: Sequence[str], query: _Query, deadline: Deadline) -> dict[str, Any] | None:
        """One object, as the directory has it now; None when there is none."""
        return await self._json(address(self._base, segments, query), {}, deadline)

    async def rows(
        self, segments: Sequence[str], query: _Query, deadline: Deadline, *, eventual: bool = False, whole: bool = True
    ) -> list[dict[str, Any]] | None:
        """All rows of a collection over all its pages; None when what it belongs to is not there.

        `eventual` asks the index that `$search` and casts need; it may lag behind. Not `whole`: the first page is
        enough. Raises `ConnectorError` rather than return part of a list that is too long.
        """
        headers = {"ConsistencyLevel": "eventual"} if eventual else {}
        url, found = address(self._base, segments, query), list[dict[str, Any]]()
        for _ in range(MOST_PAGES):
            page = await self._json(url, headers, deadline)
            if page is None:
                return None
            found += _rows_of(page)
            following = page.get("@odata.nextLink")
            if following is None or not whole:
                return found
            if len(found) > MOST_ROWS:
                break
            url = self._checked(following)
        raise ConnectorError(SYSTEM, f"Graph has more than {MOST_ROWS} rows for one question")

    async def change_link(self, segments: Sequence[str], query: _Query, deadline: Deadline) -> str:
        """The address that will tell what changed from now on."""
        page = await self._json(address(self._base, segments, query), {}, deadline)
        return self._checked((page or {}).get("@odata.deltaLink"))

    async def changed_since(self, link: str, deadline: Deadline) -> tuple[list[dict[str, Any]], str]:
        """What changed since `link` was given, only the changed fields of it, and the address for the next time."""
        url, found = self._checked(link), list[dict[str, Any]]()
        for _ in range(MOST_PAGES):
            page = await self._json(url, {"Prefer": "return=minimal"}, deadline)
            if page is None:
                break
            found += _rows_of(page)
            if "@odata.deltaLink" in page:
                return found, self._checked(page["@odata.deltaLink"])
            url = self._checked(page.get("@odata.nextLink"))
        raise ConnectorError(SYSTEM, "Graph does not come to an end with what changed")

    async def change(
        self, method: str, segments: Sequence[str], body: Mapping[str, Any] | None, deadline: Deadline
    ) -> httpx.Response:
        """One change, sent once. Raises `EffectUnknown` when it may have happened."""
        url, turned_down = address(self._base, segments, {}), None
        while True:
            await self._pause.wait(deadline)
            token = await self.tokens.get(deadline, not_this=turned_down)
            answer = await self._once(method, url, token, {}, body, deadline, deadline.left)
            if isinstance(answer, _Lost):
                if answer.unsent:
                    raise ConnectorError(SYSTEM, "Graph cannot be reached; nothing was sent")
                raise EffectUnknown(SYSTEM, "Graph did not say whether it did it")
            if answer.is_success:
                return answer
            if answer.status_code == 401 and turned_down is None:
                turned_down = token
            elif answer.status_code == 429:
                self._pause.hold(retry_after(answer.headers))
            elif 400 <= answer.status_code < 500 and answer.status_code != 408:
                raise refusal(answer)
            else:
                raise EffectUnknown(SYSTEM, f"Graph answered {answer.status_code} and may have done it all the same")

    async def close(self) -> None:
        """Close the connections and let the threads go."""
        self.tokens.close()
        await self._http.aclose()

    async def _json(self, url: str, headers: Mapping[str, str], deadline: Deadline) -> dict[str, Any] | None:
        answer = await self._read(url, headers, deadline)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise refusal(answer)
        try:
            body = answer.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise ConnectorError(SYSTEM, "Graph gave an answer that cannot be read")
        return body

    async def _read(self, url: str, headers: Mapping[str, str], deadline: Deadline) -> httpx.Response:
        turned_down: SecretStr | None = None
        tries_left = 2
        while True:
            await self._pause.wait(deadline)
            token = await self.tokens.get(deadline, not_this=turned_down)
            answer = await self._once("GET", url, token, headers, None, deadline, READ_TRY)
            if isinstance(answer, httpx.Response):
                if answer.status_code == 401 and turned_down is None:
                    turned_down = token
                    continue
                if answer.status_code == 429 or (answer.status_code == 503 and "retry-after" in answer.headers):
                    self._pause.hold(retry_after(answer.headers))
                    continue
                if answer.status_code < 500:
                    return answer
            tries_left -= 1
            if tries_left == 0 or deadline.left == 0:
                raise ConnectorError(SYSTEM, "Graph does not answer in time or has a fault of its own")

    async def _once(
        self,
        method: str,
        url: str,
        token: SecretStr,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        deadline: Deadline,
        seconds: float,
    ) -> httpx.Response | _Lost:
        all_headers = {"Authorization": f"Bearer {token.get_secret_value()}", **headers}
        content = None
        if body is not None:
            all_headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            async with asyncio.timeout(deadline.left):
                await self._places.acquire()
        except TimeoutError:
            return _Lost(unsent=True)
        try:
            async with asyncio.timeout(min(seconds, deadline.left)):
                return await self._http.request(method, url, headers=all_headers, content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError):
            return _Lost(unsent=True)
        except (TimeoutError, httpx.RequestError):
            return _Lost(unsent=False)
        finally:
            self._places.release()

    def _checked(self, following: object) -> str:
        """The address of the next page. Our token goes nowhere but to Graph, whatever an answer says."""
        if isinstance(following, str):
            here, there = urlsplit(self._base), urlsplit(following)
            same = (there.scheme, there.netloc.lower()) == (here.scheme, here.netloc)
            if same and there.path.startswith(f"{here.path}/"):
                return following
        raise ConnectorError(SYSTEM, "Graph sent us to another host for the next page; we did not go")


def _rows_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = page.get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConnectorError(SYSTEM, "Graph gave a list that cannot be read")
    return rows


__all__ = ["GraphClient", "GraphRefusal"]
