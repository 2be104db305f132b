"""Opening connections: a name is looked up once, every address is checked, and exactly that one is connected to."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore2
import httpx2

from connectors.egress.addresses import Address, checked
from connectors.egress.names import EgressRules
from connectors.egress.resolving import Resolver

MOST_TRIED = 3


class Guarded(httpx2.TransportError):
    """What the guard refuses; its text is ours and names no address."""


class ClosingBackend(httpcore2.AsyncNetworkBackend):
    """Opens a connection and closes it again when a deadline ends the TLS handshake, which the library leaves open."""

    def __init__(self) -> None:
        self._below = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See `httpcore2.AsyncNetworkBackend`."""
        return _Closing(await self._below.connect_tcp(host, port, timeout, local_address, socket_options))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Never: a tool has hosts."""
        raise Guarded("no socket of this machine")

    async def sleep(self, seconds: float) -> None:
        """See `httpcore2.AsyncNetworkBackend`."""
        await self._below.sleep(seconds)


class PinnedBackend(ClosingBackend):
    """Opens connections. A name is looked up once; all its addresses must be allowed; one of those is connected to."""

    def __init__(self, rules: EgressRules, resolver: Resolver) -> None:
        super().__init__()
        self._rules = rules
        self._resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See `httpcore2.AsyncNetworkBackend`. Never a name reaches the operating system's `connect`."""
        del local_address
        addresses = await self._addresses(host, port)
        failed: Exception = httpcore2.ConnectError("no address")
        tried = addresses[:MOST_TRIED]
        for address in tried:
            try:
                share = None if timeout is None else timeout / len(tried)
                return await super().connect_tcp(str(address), port, share, None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed

    async def refuse_known_inside(self, host: str, port: int) -> None:
        """Where a proxy looks names up: raises `Guarded` when this machine too can look it up, and it is inside."""
        try:
            found = await self._resolver(host, port)
        except OSError:
            return
        if why := checked(found, internal=False)[0]:
            raise Guarded(f"the host may not be reached: {why}")

    async def _addresses(self, host: str, port: int) -> list[Address]:
        if host not in self._rules.hosts:
            raise Guarded("the host is not declared for this tool")
        found = [host] if _is_number(host) else await self._look_up(host, port)
        why, addresses = checked(found, internal=host in self._rules.internal_hosts)
        if why:
            raise Guarded(f"the host may not be reached: {why}")
        return addresses

    async def _look_up(self, host: str, port: int) -> list[str]:
        try:
            return list(await self._resolver(host, port))
        except OSError:
            raise Guarded("the host is not known") from None


class _Closing(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _Closing(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _is_number(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
