"""Every byte between us and Jira, the vendor library's too: one guarded client, one deadline, one way to fail.

The library blocks and knows `requests` only. It runs in a thread; what it sends is handed back to the event loop, where
a call that takes too long is cancelled, not abandoned: no thread outlives its deadline.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from connectors.jira.settings import JiraSettings
from connectors.jira.trouble import SYSTEM, Passing, of_doubt, of_status, of_transport
from connectors.settings import OutsideSettings
from core.errors import ConnectorError

if TYPE_CHECKING:
    import httpx

MOST_TRIES = 3
PAUSE_SECONDS = 0.2
_READING = frozenset({"GET", "HEAD"})
_DEADLINE: ContextVar[float] = ContextVar("jira_deadline")


@contextmanager
def within(seconds: float) -> Iterator[float]:
    """Everything inside ends after so many seconds, or earlier where it is inside another. Gives the loop's time."""
    until = asyncio.get_running_loop().time() + seconds
    token = _DEADLINE.set(min(until, _DEADLINE.get(until)))
    try:
        yield _DEADLINE.get()
    finally:
        _DEADLINE.reset(token)


def deadline() -> float:
    """When what is being done must have ended, in the loop's time. Raises LookupError outside `within`."""
    return _DEADLINE.get()


class Transport:
    """Sends one request and gives the whole answer, a success with JSON or nothing in it.

    Raises `ConnectorError` when surely nothing happened, `EffectUnknown` when it may have (never for a GET). Reads are
    tried again once; a write only after 429, which says that nothing was done.
    """

    def __init__(self, settings: JiraSettings, outside: OutsideSettings) -> None:
        self._settings = settings
        self._outside = outside
        self._client: httpx.AsyncClient | None = None

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """One request until the deadline of `within`."""
        writes = method not in _READING
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(method, url, headers, content, writes=writes)
            except _Later as later:
                pause, error = later.seconds, later.error
            except Passing as failure:
                if writes or tries > 1:
                    raise
                pause, error = PAUSE_SECONDS, failure
            if tries >= MOST_TRIES or asyncio.get_running_loop().time() + pause >= deadline():
                raise error
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Give back all connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes | None, *, writes: bool
    ) -> httpx.Response:
        import httpx

        client = self._opened()
        try:
            async with asyncio.timeout_at(deadline()):
                response = await client.request(
                    method, url, headers={**(headers or {}), **self._own_headers()}, content=content
                )
        except TimeoutError:
            raise of_doubt("Jira gave no answer in time", writes=writes) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise of_transport(error, writes=writes) from None  # what httpx says may quote an address
        if response.status_code == 429:
            raise _Later(_pause_of(response), of_status(response, writes=writes))
        if not response.is_success:
            raise of_status(response, writes=writes)
        if response.content and not _is_json(response.content):
            raise of_doubt("Jira answers something that is not JSON: is this its address?", writes=writes)
        return response

    def _own_headers(self) -> Mapping[str, str]:
        """Who we are, whatever the library thinks. Set for each call, so that no client object shows the token."""
        token = self._settings.token.get_secret_value() if self._settings.token else ""
        if self._settings.on_cloud:
            pair = base64.b64encode(f"{self._settings.user}:{token}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}", "Accept-Encoding": "identity", "User-Agent": "Loket"}
        return {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity", "User-Agent": "Loket"}

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            from connectors.http import async_client

            # The deadline ends a call; the read limit below only has to be no shorter.
            self._client = async_client(self._outside, read_seconds=self._settings.write_seconds)
            # A session that Jira opens would go on after the token was taken back.
            self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._client


class _Later(Exception):
    """Too many calls: again after so many seconds, else this error."""

    def __init__(self, seconds: float, error: ConnectorError) -> None:
        super().__init__()
        self.seconds = seconds
        self.error = error


def adapter(transport: Transport, loop: asyncio.AbstractEventLoop) -> Any:
    """What the library's session sends through (a `requests` adapter): its requests go the way of all others."""
    import requests

    class Guarded(requests.adapters.BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            """In a thread; waits for the loop."""
            body = request.body.encode() if isinstance(request.body, str) else request.body
            headers = {
                name: _text(value) for name, value in request.headers.items() if name.lower() != "content-length"
            }
            sent = transport.send(str(request.method), str(request.url), headers=headers, content=_bytes(body))
            coming = asyncio.run_coroutine_threadsafe(sent, loop)
            # It ends by itself at the deadline. A loop that has stopped meanwhile must not keep the thread for ever.
            answer: requests.Response = _as_requests(request, coming.result(deadline() - loop.time() + 1))
            return answer

        def close(self) -> None:
            """Nothing of its own to give back."""

    return Guarded()


def _as_requests(request: Any, response: httpx.Response) -> Any:
    import requests

    answer = requests.Response()
    answer.status_code = response.status_code
    answer.headers.update(response.headers)
    answer.url, answer.request, answer.encoding = str(response.url), request, "utf-8"
    answer._content = response.content
    return answer


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    raise ConnectorError(SYSTEM, "the library sends something that is not text")


def _pause_of(response: httpx.Response) -> float:
    given = response.headers.get("retry-after", "")
    return max(float(given), 0.05) if given.isdecimal() and len(given) < 6 else 1.0


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
