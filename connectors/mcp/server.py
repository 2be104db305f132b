"""One server as its callers see it: a look at its tools, and one call of one tool as it was pinned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import mcp_types
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from pydantic import RootModel

from connectors.mcp.answer import Answer, read_answer
from connectors.mcp.connection import Connection
from connectors.mcp.endpoint import Counts, Endpoint, Limits
from connectors.mcp.line import Line
from connectors.mcp.listing import Listing, ToolChanged, changes
from connectors.mcp.opening import Ways
from connectors.mcp.sessions import Sessions
from core.errors import ConnectorError, EffectUnknown, ToolFailed

T = TypeVar("T")
KEY = "loket/idempotency-key"
LONGEST_FAILURE = 500
_BROKEN = frozenset({CONNECTION_CLOSED, INVALID_REQUEST, INTERNAL_ERROR})
"""Codes after which the session is not used again: most of them `mcp` makes itself, of trouble with HTTP."""
_NOT_TAKEN = frozenset({METHOD_NOT_FOUND, INVALID_PARAMS})
"""Codes that say that a call was never begun."""


class _Raw(RootModel[dict[str, Any]]):
    """A result as it came: `mcp`'s own classes leave out the fields that they do not know."""


@dataclass(slots=True)
class _Sent:
    """Whether a call may have reached the server."""

    begun: bool = False


class Server:
    """All that is asked of one endpoint. `on_change` is called when it says that its tools changed, or when a tool is
    found to be another than was pinned."""

    def __init__(self, endpoint: Endpoint, ways: Ways, limits: Limits, on_change: Callable[[], None]) -> None:
        self.endpoint = endpoint
        self.counts = Counts()
        self._ways = ways
        self._limits = limits
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._sessions, self._line = self._made()
        self._listing: Listing | None = None
        self._looked_at = float("-inf")
        self._told_at = float("-inf")

    async def look(self) -> Listing:
        """The tools that the server has now. Raises `ConnectorError`."""
        self._same_loop()
        listing = await self._line.within(lambda: self._twice(self._look))
        self._sessions.went_well()
        return listing

    async def call(
        self, pinned: Mapping[str, Any], arguments: Mapping[str, Any], *, reads: bool, key: str = ""
    ) -> Answer:
        """Use the pinned tool once; where it only `reads` it may be asked a second time after the session broke.

        Raises `ToolChanged` and `ConnectorError` when nothing was sent (or it only reads), `EffectUnknown` when it was
        and nobody can say what came of it, `ToolFailed` with the server's own text when it says that it did not work.
        """
        self._same_loop()
        sent = _Sent()

        async def ask() -> Answer:
            await self._unchanged(pinned)
            return await self._call(pinned, arguments, key, sent)

        try:
            answer = await self._line.within((lambda: self._twice(ask)) if reads else ask)
        except ToolChanged:
            raise
        except ConnectorError as error:
            if sent.begun and not reads:
                raise EffectUnknown(error.system, error.detail) from None
            raise
        if answer.asks and not reads:
            raise EffectUnknown(self.endpoint.system, "it wants an answer of a person or a model, which it never gets")
        if answer.asks:
            raise ToolFailed("the tool wants an answer of a person or a model before it goes on, which it never gets")
        if answer.failed:
            raise ToolFailed(answer.text[:LONGEST_FAILURE] or "the tool says that it did not work")
        return answer

    async def close(self) -> None:
        """End its sessions, and see to it that they ended."""
        if self._loop is asyncio.get_running_loop():
            await self._sessions.close()

    def changed(self) -> None:
        """The server says that its tools are other ones: the next call looks first, and whoever watches looks now."""
        self._looked_at = float("-inf")
        now = time.monotonic()
        if now - self._told_at >= self._limits.look_again_seconds:
            self._told_at = now
            self._on_change()

    async def _look(self) -> Listing:
        connection = await self._sessions.connected()
        tools: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(self._limits.most_pages):
            params = mcp_types.PaginatedRequestParams(cursor=cursor) if cursor else None
            page = await self._ask(connection, mcp_types.ListToolsRequest(params=params))
            tools.extend(one for one in page.get("tools", []) if isinstance(one, Mapping))
            if len(tools) > self._limits.most_tools:
                raise ConnectorError(self.endpoint.system, f"it has more than {self._limits.most_tools} tools")
            cursor = page.get("nextCursor")
            if not cursor:
                self._listing = Listing(tuple(tools), connection.protocol, connection.server_info)
                self._looked_at = time.monotonic()
                return self._listing
        raise ConnectorError(self.endpoint.system, "its list of tools does not end")

    async def _unchanged(self, pinned: Mapping[str, Any]) -> None:
        """Raises `ToolChanged` when the tool is not the pinned one any more."""
        listing = self._listing
        if listing is None or time.monotonic() - self._looked_at > self._limits.fresh_seconds:
            listing = await self._look()
        if different := changes(pinned, listing):
            self._on_change()
            raise ToolChanged(self.endpoint.system, different)

    async def _call(self, pinned: Mapping[str, Any], arguments: Mapping[str, Any], key: str, sent: _Sent) -> Answer:
        connection = await self._sessions.connected()
        told: dict[str, Any] = {"name": pinned["name"], "arguments": dict(arguments)}
        if key:
            told["_meta"] = {KEY: key}
        request = mcp_types.CallToolRequest(params=mcp_types.CallToolRequestParams.model_validate(told))
        sent.begun = True
        result = await self._ask(connection, request, calling=True)
        self._sessions.went_well()  # not after a list alone: what lists and then dies would be started for every call
        return read_answer(result, self._limits.output_bytes)

    async def _ask(self, connection: Connection, request: Any, *, calling: bool = False) -> dict[str, Any]:
        connection.use(1)
        try:
            result = await connection.session.send_request(request, _Raw)
        except MCPError as error:
            if calling and error.code in _NOT_TAKEN:
                raise ToolFailed(f"the tool's server does not take this call (code {error.code})") from None
            if error.code in _BROKEN:
                connection.retire(broke=error.code == CONNECTION_CLOSED)
            raise ConnectorError(self.endpoint.system, connection.why or f"it refused (code {error.code})") from None
        except ValueError:
            raise ConnectorError(self.endpoint.system, "its answer is none that the protocol knows") from None
        finally:
            connection.use(-1)
        return result.root

    async def _twice(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Once more over a new session when the one we had turned out to be gone (the server was started anew)."""
        had = self._sessions.current
        try:
            return await ask()
        except ToolChanged:
            raise
        except ConnectorError:
            if had is None or had.alive:
                raise
        return await ask()

    def _made(self) -> tuple[Sessions, Line]:
        system = self.endpoint.system
        sessions = Sessions(
            system,
            lambda pace: self._ways.open(self.endpoint, self.counts, pace),
            self._limits,
            self.counts,
            self.changed,
        )
        return sessions, Line(system, self._limits, self.counts, sessions.is_silent)

    def _same_loop(self) -> None:
        """A session lives in one event loop; where another one runs now, what the old one had is forgotten."""
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._loop = loop
            self._sessions, self._line = self._made()
