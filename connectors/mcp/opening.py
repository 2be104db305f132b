"""How the streams of a session are opened: over HTTP through the egress, or to a program on this machine."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.egress import EgressRules
from connectors.mcp.endpoint import Counts, Endpoint, Limits
from connectors.mcp.pace import Pace
from connectors.mcp.program import program
from core.errors import ConnectorError

if TYPE_CHECKING:
    import httpx2

    from connectors.egress import Egress
    from connectors.secret_source import SecretSource

LOGGERS = ("mcp", "client")
"""Where the `mcp` package logs. It quotes what servers send, whole; we say in a word of our own what went wrong."""


def rules_of(endpoint: Endpoint) -> EgressRules:
    """What a session over HTTP may reach: the declared hosts, on the port of its address. Raises `ConfigError`."""
    parts = urlsplit(endpoint.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return EgressRules(endpoint.hosts, endpoint.internal_hosts, frozenset({port}))


class Ways:
    """How this process reaches servers. `programs`: the only programs that may be started, by their whole path; None
    is all of them, for a process whose admins may run what they like on its machine anyway (the embedded form)."""

    def __init__(
        self, egress: Egress | None, secrets: SecretSource | None, programs: Collection[str] | None, limits: Limits
    ) -> None:
        self._egress = egress
        self._secrets = secrets
        self._programs = programs
        self._limits = limits
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    @asynccontextmanager
    async def open(self, endpoint: Endpoint, counts: Counts, pace: Pace) -> AsyncIterator[tuple[Any, Any]]:
        """The streams of one session. Raises `ConnectorError`."""
        way = self._program(endpoint, counts, pace) if endpoint.command else self._http(endpoint, pace)
        async with way as streams:
            yield streams

    @asynccontextmanager
    async def _program(self, endpoint: Endpoint, counts: Counts, pace: Pace) -> AsyncIterator[tuple[Any, Any]]:
        if self._programs is not None and endpoint.command[0] not in self._programs:
            raise ConnectorError(
                endpoint.system,
                "its program is none that the operator allows: its whole path in LOKET_TOOLS_MCP_PROGRAMS",
            )
        environment = {}
        for name, reference in endpoint.environment:
            secret = await self._the_secrets(endpoint).read(reference, f"stdio:{endpoint.server}")
            environment[name] = secret.get_secret_value()
        async with program(endpoint.system, endpoint.command, environment, self._limits, counts, pace) as streams:
            yield streams

    @asynccontextmanager
    async def _http(self, endpoint: Endpoint, pace: Pace) -> AsyncIterator[tuple[Any, Any]]:
        from mcp.client.streamable_http import streamable_http_client

        if self._egress is None:
            raise ConnectorError(endpoint.system, "this process has no way out")
        headers = {}
        if endpoint.credential is not None:
            host = urlsplit(endpoint.url).hostname or ""
            secret = await self._the_secrets(endpoint).read(endpoint.credential, host)
            headers["Authorization"] = f"Bearer {secret.get_secret_value()}"
        limits = self._limits
        client = self._egress.httpx2_client(
            rules_of(endpoint), headers, seconds=limits.call_seconds, most_bytes=limits.message_bytes
        )
        async with client:
            client.event_hooks["request"].append(_paced(pace))
            async with streamable_http_client(
                endpoint.url, http_client=client, max_sse_event_size=limits.message_bytes
            ) as streams:
                yield streams

    def _the_secrets(self, endpoint: Endpoint) -> SecretSource:
        if self._secrets is None:
            raise ConnectorError(endpoint.system, "this process has no source of secrets")
        return self._secrets


def _paced(pace: Pace) -> Any:
    """Each request counts as a message too: a server may ask us to come back at once, for ever."""

    async def hook(request: httpx2.Request) -> None:
        del request
        pace.message()

    return hook
