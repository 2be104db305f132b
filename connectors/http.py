"""The guarded HTTP client: deadlines, no redirects, no proxies by accident, and no response larger than agreed."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx

from connectors.settings import OutsideSettings
from core.errors import ConfigError

CONNECTIONS = httpx.Limits(max_connections=1_000, max_keepalive_connections=100)
"""As many as one process may work on turns at a time (`LOKET_SERVE_TURNS_AT_ONCE`): with httpx's own 100, the hundred
and first question would be told that the language model is away while a hundred answers are being written."""


def async_client(outside: OutsideSettings, read_seconds: float) -> httpx.AsyncClient:
    """A client for code in the event loop; the caller closes it. Raises `ConfigError` for a bad certificate file.

    A response that is compressed or larger than `outside.max_response_bytes` ends in `httpx.RemoteProtocolError`.
    """

    async def guard(response: httpx.Response) -> None:
        _refuse_compressed(response)
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _CappedAsync(response.stream, outside.max_response_bytes)

    return httpx.AsyncClient(
        timeout=_timeout(outside, read_seconds),
        limits=CONNECTIONS,
        verify=_trust(outside),
        proxy=outside.proxy or None,
        trust_env=False,
        follow_redirects=False,  # a redirect would carry the key to a place nobody configured
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [guard]},
    )


def blocking_client(outside: OutsideSettings, read_seconds: float) -> httpx.Client:
    """The same for code in a thread."""

    def guard(response: httpx.Response) -> None:
        _refuse_compressed(response)
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Capped(response.stream, outside.max_response_bytes)

    return httpx.Client(
        timeout=_timeout(outside, read_seconds),
        verify=_trust(outside),
        proxy=outside.proxy or None,
        trust_env=False,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [guard]},
    )


class _CappedAsync(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx.RemoteProtocolError("the response is larger than agreed")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Capped(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx.RemoteProtocolError("the response is larger than agreed")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _refuse_compressed(response: httpx.Response) -> None:
    # We asked for plain bytes; a compressed body would make the size limit meaningless.
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise httpx.RemoteProtocolError("the response is compressed although it was not asked to be")


def _timeout(outside: OutsideSettings, read_seconds: float) -> httpx.Timeout:
    return httpx.Timeout(read_seconds, connect=outside.connect_seconds, pool=outside.connect_seconds)


def _trust(outside: OutsideSettings) -> ssl.SSLContext | bool:
    if outside.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(outside.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate file {outside.ca_file} cannot be read") from error
