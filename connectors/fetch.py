"""One request to a server outside, for rooms that speak no HTTP: a whole, small answer in time, or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connectors.not_accepted import behind
from core.errors import ConnectorError

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 256 * 1024
"""The largest answer, in bytes."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer as it came: also a redirect, which nobody follows, and an error."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class Fetch(Protocol):
    """Asks one server. Raises `ConnectorError` when no whole answer comes in time; its text names no address."""

    async def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Fetched:
        """One request, one answer."""


class HttpFetch:
    """Implements `Fetch` over the guarded client (`connectors.http.async_client`), which its maker closes.

    `seconds` is for the whole of one request, connection and body included.
    """

    def __init__(self, system: str, client: httpx.AsyncClient, seconds: float, most_bytes: int = MOST_BYTES) -> None:
        self._system = system
        self._client = client
        self._seconds = seconds
        self._most_bytes = most_bytes

    async def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Fetched:
        """See `Fetch`."""
        import httpx

        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(method, url, headers, content)
        except TimeoutError:
            raise ConnectorError(self._system, "no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # From None: what httpx says may quote an address, and with it a code or a token.
            reason = behind(error)
            said = (
                f"its certificate is not accepted: {reason}"
                if reason
                else f"the request failed ({type(error).__name__})"
            )
            raise ConnectorError(self._system, said) from None
        finally:
            self._client.cookies.clear()  # one person's sign-in must not ride on another's

    async def _ask(self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes | None) -> Fetched:
        body = bytearray()
        async with self._client.stream(
            method, url, headers=headers, content=content, follow_redirects=False
        ) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._most_bytes:
                    raise ConnectorError(self._system, "the answer is larger than agreed")
        return Fetched(response.status_code, response.headers.get("content-type", ""), bytes(body))
