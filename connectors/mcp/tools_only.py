"""The part of a session that hears the server: its tools change, and nothing else that it says or asks is taken up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.abc
from mcp.shared.dispatcher import DispatchContext, OnNotify, OnNotifyIntercept, OnRequest
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.transport_context import TransportContext
from mcp_types import METHOD_NOT_FOUND

from connectors.mcp.endpoint import Counts

LIST_CHANGED = "notifications/tools/list_changed"


class ToolsOnly(JSONRPCDispatcher[TransportContext]):
    """`mcp`'s own dispatcher with its ears closed. We announce no capability, and whoever asks all the same (sampling,
    elicitation, roots, or what a later version may bring) gets method-not-found, and is counted.

    `mcp` would answer the first three with invalid-request, and would announce them as soon as a callback is given.
    `on_end` is called when nothing can come any more.
    """

    def __init__(
        self, read: Any, write: Any, counts: Counts, on_list_changed: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(read, write, on_stream_exception=self._odd)
        self._counts = counts
        self._on_list_changed = on_list_changed
        self._on_end = on_end

    async def run(
        self,
        on_request: OnRequest,
        on_notify: OnNotify,
        on_notify_intercept: OnNotifyIntercept | None = None,
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Hear the server, with our ears instead of the session's."""
        del on_request, on_notify, on_notify_intercept
        try:
            await super().run(self._refuse, self._let_go, task_status=task_status)
        finally:
            self._on_end()

    async def _refuse(
        self, ctx: DispatchContext[TransportContext], method: str, params: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        del ctx, params
        if method == "ping":
            return {}
        self._counts.asks(method)
        raise MCPError(code=METHOD_NOT_FOUND, message="Method not found")

    async def _let_go(
        self, ctx: DispatchContext[TransportContext], method: str, params: Mapping[str, Any] | None
    ) -> None:
        del ctx, params
        if method == LIST_CHANGED:
            self._on_list_changed()
        else:
            self._counts.said += 1

    async def _odd(self, error: Exception) -> None:
        """What was no message at all: counted like a notification, never kept or logged (it may hold anything)."""
        del error
        self._counts.said += 1
