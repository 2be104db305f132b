"""All MCP servers of one process, each with its own sessions; made once by the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from connectors.mcp.answer import Answer
from connectors.mcp.endpoint import Counts, Endpoint, Limits
from connectors.mcp.listing import Listing

if TYPE_CHECKING:
    from connectors.egress import Egress
    from connectors.mcp.server import Server
    from connectors.secret_source import SecretSource

MOST_SERVERS = 200


class McpServers:
    """Sessions are opened when they are first needed, closed when idle, and opened anew after a pause when they broke.

    `programs`: the only programs that may be started as servers, each by its whole path; None allows all, none when
    empty. `on_change` is called with the endpoint whenever a server says that its tools changed, or is found to have
    changed one: whoever watches over released tools looks at those of that endpoint at once. It must not wait.
    """

    def __init__(
        self,
        egress: Egress | None,
        secrets: SecretSource | None,
        *,
        programs: Collection[str] | None = None,
        limits: Limits | None = None,
        on_change: Callable[[Endpoint], None] | None = None,
    ) -> None:
        self._egress = egress
        self._secrets = secrets
        self._programs = programs
        self._limits = limits or Limits()
        self._servers: dict[Endpoint, Server] = {}
        self.on_change = on_change

    async def look(self, endpoint: Endpoint) -> Listing:
        """The tools that a server has now, asked anew. Raises `ConnectorError`, `ConfigError` for its address."""
        return await self._server(endpoint).look()

    async def call(
        self,
        endpoint: Endpoint,
        pinned: Mapping[str, Any],
        arguments: Mapping[str, Any],
        *,
        reads: bool,
        key: str = "",
    ) -> Answer:
        """Use one tool, as `Server.call` says. `key` goes along, for servers that recognise a repetition."""
        return await self._server(endpoint).call(pinned, arguments, reads=reads, key=key)

    def counts(self, endpoint: Endpoint) -> Counts:
        """What a server did unasked, and how often it failed, in this process."""
        return self._servers[endpoint].counts if endpoint in self._servers else Counts()

    async def close(self) -> None:
        """End all sessions, and the programs of those over stdio."""
        servers, self._servers = list(self._servers.values()), {}
        await asyncio.gather(*(server.close() for server in servers), return_exceptions=True)

    def _server(self, endpoint: Endpoint) -> Server:
        from connectors.mcp.opening import Ways
        from connectors.mcp.server import Server

        if (server := self._servers.get(endpoint)) is None:
            while len(self._servers) >= MOST_SERVERS:
                self._servers.pop(next(iter(self._servers)))  # its session ends by itself when it is idle
            ways = Ways(self._egress, self._secrets, self._programs, self._limits)
            server = Server(endpoint, ways, self._limits, lambda: self._changed(endpoint))
            self._servers[endpoint] = server
        return server

    def _changed(self, endpoint: Endpoint) -> None:
        if self.on_change is not None:
            self.on_change(endpoint)
