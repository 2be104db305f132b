"""One request to a declared host, with one deadline, and what is known about it when it goes wrong."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.egress.names import EgressRules, Place, read_url
from connectors.egress.resolving import Resolver, ThreadedResolver
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown

if TYPE_CHECKING:
    import httpx2

    from connectors.egress.transport import GuardedTransport

SAFE = frozenset({"GET", "HEAD"})
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
MOST_BYTES = 1_000_000
SECONDS = 10.0
MOST_POOLS = 256
KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "date", "etag", "last-modified", "retry-after", "x-request-id"}
)
"""What of an answer's headers anybody may see. Never a cookie, never where it redirects to."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{0,8192}")
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie", "cookie2", "te", "trailer", "upgrade"}
    | {"keep-alive", "expect", "accept-encoding", "proxy-authorization", "proxy-connection", "forwarded", "via"}
    | {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-http-method-override"}
)
"""Headers that decide how a request travels: these are never a tool's to say."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, also one that is an error. `headers` are in lower case and only those of `KEPT_HEADERS`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Egress:
    """The way out. One object a process; it keeps connections per set of rules, so no two documents with other hosts
    share one. `close` it at the end.

    With `outside.proxy` the proxy looks up the names of hosts outside, so that pinning is the proxy's to do: what may
    be declared, the ports, and all other limits still hold here, and a name that this machine can look up and finds to
    be inside is refused too. Hosts declared to be inside never go through the proxy.
    """

    def __init__(self, outside: OutsideSettings, resolver: Resolver | None = None) -> None:
        self._outside = outside
        self._resolver = resolver or ThreadedResolver()
        self._trust: ssl.SSLContext | None = None
        self._pools: dict[EgressRules, GuardedTransport] = {}

    async def request(
        self,
        rules: EgressRules,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
        changes: bool | None = None,
    ) -> Answer:
        """Ask once. `seconds` is for all of it, looking up the name and reading the body included. `changes`: does this
        change anything there? By default whatever is not GET or HEAD does (a request for a token does not).

        Raises `ConnectorError` when nothing happened for sure: before anything was sent, or where nothing changes;
        `EffectUnknown` when it was sent, may have been done, and no whole answer came.
        """
        place = read_url(url, rules)
        changing = method not in SAFE if changes is None else changes
        if method not in METHODS:
            raise ConnectorError("egress", "this method is not used")
        sent = _Sent()
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(rules, place, method, _checked(headers or {}), body, most_bytes, changing, sent)
        except TimeoutError:
            detail = "no whole answer in time"
        except ConnectorError as error:
            detail = error.detail
        if changing and sent.begun:
            raise EffectUnknown("egress", detail) from None
        raise ConnectorError("egress", detail) from None

    async def _ask(
        self,
        rules: EgressRules,
        place: Place,
        method: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
        most_bytes: int,
        changing: bool,
        sent: _Sent,
    ) -> Answer:
        import httpx2

        # What changes something gets a connection of its own: a kept one that is just being closed leaves a doubt.
        transport = self._new_transport(rules, most_bytes) if changing else await self._transport(rules)
        try:
            request = httpx2.Request(
                method, place.text, headers=headers, content=body, extensions={"trace": sent, "loket_most": most_bytes}
            )
            response = await transport.handle_async_request(request)
            try:
                whole = b"".join([chunk async for chunk in response.stream])  # type: ignore[union-attr]
            finally:
                await response.aclose()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # From None: what the library says may quote an address, and with it a key.
            raise ConnectorError("egress", _reason(error)) from None
        finally:
            if changing:
                await transport.aclose()
        kept = {name.lower(): value for name, value in response.headers.items() if name.lower() in KEPT_HEADERS}
        return Answer(response.status_code, kept, whole)

    def httpx2_client(
        self,
        rules: EgressRules,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> httpx2.AsyncClient:
        """A client for a library that wants one (the MCP client): the same guard below it. The caller closes it.

        `seconds` is for connecting, writing and each read: a stream may last longer, so the caller sets a deadline of
        its own. `most_bytes` is for the body of one answer. A forbidden address, a redirect, a compressed or too large
        answer raise `httpx2.TransportError`s. Cookies are dropped.
        """
        import httpx2

        return httpx2.AsyncClient(
            transport=self._new_transport(rules, most_bytes),
            headers=_checked(headers or {}),
            timeout=httpx2.Timeout(seconds, connect=self._outside.connect_seconds),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close what is kept open."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()

    async def _transport(self, rules: EgressRules) -> GuardedTransport:
        """The pool of these rules. The one that was longest not used makes room: no request lasts that long."""
        pool = self._pools.pop(rules, None) or self._new_transport(rules, MOST_BYTES)
        self._pools[rules] = pool
        while len(self._pools) > MOST_POOLS:
            await self._pools.pop(next(iter(self._pools))).aclose()
        return pool

    def _new_transport(self, rules: EgressRules, most_bytes: int) -> GuardedTransport:
        from connectors.egress.transport import GuardedTransport, trust_of

        if self._trust is None:
            self._trust = trust_of(self._outside)
        return GuardedTransport(rules, self._outside, self._resolver, self._trust, most_bytes)


class _Sent:
    """Hears from the HTTP library how far a request is. `begun`: its first byte may have left."""

    def __init__(self) -> None:
        self.begun = False

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:
        if event.endswith("send_request_headers.started"):
            method = getattr(info.get("request"), "method", b"")
            self.begun = self.begun or method != b"CONNECT"  # a proxy that is asked for a tunnel has done nothing yet


def _checked(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers, when none of them can end its line or say how the request travels. Raises `ConnectorError`."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in _OURS:
            raise ConnectorError("egress", "a header that may not be sent")
    if len({name.lower() for name in headers}) != len(headers):
        raise ConnectorError("egress", "a header stands there twice")
    return list(headers.items())


def _reason(error: Exception) -> str:
    from connectors.egress.pinned import Guarded

    return str(error) if isinstance(error, Guarded) else f"the request failed ({type(error).__name__})"
