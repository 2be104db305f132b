"""The guard under the HTTP library: names are looked up once, every address is checked, and exactly that one is used.

The certificate must be that of the host's *name*, so a pinned address changes nothing about whom we trust.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpcore2
import httpx2

from connectors.egress.names import EgressRules, Place, read_url
from connectors.egress.pinned import ClosingBackend, Guarded, PinnedBackend
from connectors.egress.resolving import Resolver
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError

MOST_CONNECTIONS = 8
KEPT_SECONDS = 30.0
MOST_HEADERS = 100


def trust_of(outside: OutsideSettings) -> ssl.SSLContext:
    """Whom to trust: the operator's authorities, or the usual ones. Raises `ConfigError` for a file that is none."""
    if outside.ca_file is None:
        return httpx2.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=str(outside.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate file {outside.ca_file} cannot be read") from error


class GuardedTransport(httpx2.AsyncBaseTransport):
    """For one set of rules. Also what an HTTP library's client is given, which may then do no more than this."""

    def __init__(
        self,
        rules: EgressRules,
        outside: OutsideSettings,
        resolver: Resolver,
        trust: ssl.SSLContext,
        most_bytes: int,
    ) -> None:
        self._rules = rules
        self._most_bytes = most_bytes
        self._connect_seconds = outside.connect_seconds
        backend = PinnedBackend(rules, resolver)
        self._direct = httpcore2.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=backend,
        )
        self._proxied: httpcore2.AsyncHTTPProxy | None = None
        self._backend = backend
        if outside.proxy:
            self._proxied = httpcore2.AsyncHTTPProxy(
                outside.proxy,
                ssl_context=trust,
                proxy_ssl_context=trust if urlsplit(outside.proxy).scheme == "https" else None,
                max_connections=MOST_CONNECTIONS,
                keepalive_expiry=KEPT_SECONDS,
                network_backend=ClosingBackend(),
            )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """See `httpx2.AsyncBaseTransport`. Raises `Guarded` for what is refused, other `TransportError`s for what
        fails."""
        try:
            place = read_url(str(request.url), self._rules)  # an international name comes decoded, and is read again
        except ConnectorError as error:
            raise Guarded(error.detail) from None
        if (request.url.raw_host, request.url.raw_path) != (place.host.encode(), place.target.encode()):
            raise Guarded("the address can be read in two ways")
        response = await self._send(request, place)
        try:
            _refuse(response)
        except Guarded:
            await response.aclose()
            raise
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()

    async def _send(self, request: httpx2.Request, place: Place) -> httpx2.Response:
        pool: httpcore2.AsyncConnectionPool = self._direct
        if self._proxied is not None and not place.internal:
            await self._backend.refuse_known_inside(place.host, place.port)
            pool = self._proxied
        timeouts = {"connect": self._connect_seconds, "pool": self._connect_seconds}
        extensions = {
            **{key: value for key, value in request.extensions.items() if key == "trace"},
            "timeout": {**request.extensions.get("timeout", {}), **timeouts},
        }
        wanted = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=place.scheme, host=place.host, port=place.port, target=place.target),
            headers=_plain(request.headers.raw),
            content=request.stream,
            extensions=extensions,
        )
        with _translated():
            answer = await pool.handle_async_request(wanted)
        most = int(request.extensions.get("loket_most", self._most_bytes))
        return httpx2.Response(
            answer.status,
            headers=[(name, value) for name, value in answer.headers if not name.lower().startswith(b"set-cookie")],
            stream=_Capped(answer, most),
            extensions={"http_version": answer.extensions.get("http_version", b"HTTP/1.1")},
        )


class _Capped(httpx2.AsyncByteStream):
    """The body, up to what was agreed."""

    def __init__(self, answer: httpcore2.Response, most: int) -> None:
        self._answer = answer
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self._answer.aiter_stream():
                self._left -= len(chunk)
                if self._left < 0:
                    raise Guarded("the answer is larger than agreed")
                yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the library below become those of the library above; they have the same names."""
    try:
        yield
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError) as error:
        raised = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise raised("failed") from None


_DROPPED = frozenset({b"accept-encoding", b"cookie"})


def _plain(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
    return [*kept, (b"Accept-Encoding", b"identity")]


def _refuse(response: httpx2.Response) -> None:
    if 300 <= response.status_code < 400 and response.status_code != 304:
        raise Guarded("it redirects, which is never followed: declare the address it leads to")
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Guarded("the answer is compressed although that was not asked for")
    if len(response.headers) > MOST_HEADERS:
        raise Guarded("the answer has too many headers")
