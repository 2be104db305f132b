"""One live session with one server: a task of its own that opens it, keeps it, and ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import structlog
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError
from mcp_types import METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION, Implementation

from connectors.mcp.endpoint import Counts, Limits
from connectors.mcp.pace import Flooded, Pace, Paced
from connectors.mcp.tools_only import ToolsOnly
from core.errors import ConnectorError

log = structlog.get_logger("loket.mcp")

Opening = Callable[[Pace], AbstractAsyncContextManager[tuple[Any, Any]]]
"""How the two streams of a session are opened."""
LONGEST_NAME = 100
US = Implementation(name="loket", version="1")


class Connection:
    """`start` it, use `session` while it is `alive`, `retire` it. Whatever goes wrong in it stays in its task: the
    session's and the transport's task groups are entered and left there, and nowhere else."""

    def __init__(
        self, system: str, opening: Opening, limits: Limits, counts: Counts, on_list_changed: Callable[[], None]
    ) -> None:
        self._system = system
        self._opening = opening
        self._limits = limits
        self._counts = counts
        self._on_list_changed = on_list_changed
        self._over = asyncio.Event()
        self._ready: asyncio.Future[ClientSession | None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._used_at = asyncio.get_running_loop().time()
        self._in_use = 0
        self.why = ""
        self.protocol = ""
        self.server_info: dict[str, str] = {}

    @property
    def alive(self) -> bool:
        """Can something be asked over it?"""
        return self._task is not None and not self._task.done() and not self._over.is_set()

    @property
    def session(self) -> ClientSession:
        """The session, once `start` has returned."""
        session = self._ready.result()
        assert session is not None  # noqa: S101 - `start` raised otherwise
        return session

    async def start(self, when_over: Callable[[], None]) -> None:
        """Open it; `when_over` is called when nothing is left of it.

        Raises `ConnectorError` when the server does not come, or speaks no version that we know.
        """
        self._counts.started += 1
        self._task = asyncio.create_task(self._live(), name=self._system)
        self._task.add_done_callback(lambda _task: when_over())
        first: set[asyncio.Future[Any]] = {self._task, self._ready}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done() or self._ready.result() is None:
            raise ConnectorError(self._system, self.why or "the session could not be opened")

    def retire(self, *, broke: bool = False) -> None:
        """End it, without waiting for the end. `broke`: it ended by itself, and why may only be known later."""
        if broke:
            self.why = self.why or "the session ended before the answer came"
        self._over.set()

    async def ended(self) -> None:
        """Wait until it is quite over."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def kill(self) -> None:
        """Give up on a task that does not end by itself."""
        if self._task is not None:
            self._task.cancel()

    def use(self, count: int) -> None:
        """Somebody begins (1) or ends (-1) asking: while it is used it is not idle, and 0 says that it was till now."""
        self._in_use += count
        self._used_at = asyncio.get_running_loop().time()

    async def _live(self) -> None:
        pace = Pace(self._limits)
        try:
            async with self._opening(pace) as (read, write):
                ears = ToolsOnly(Paced(read, pace), write, self._counts, self._on_list_changed, self._on_end)
                async with ClientSession(dispatcher=ears, client_info=US) as session:
                    await self._begin(session)
                    await self._until_over()
        except asyncio.CancelledError:
            self.why = "the session was ended"
            raise
        except Exception as error:  # noqa: BLE001 - whatever a bad server makes of the library ends this session only
            self.why = self.why or _reason(error)
            log.info("mcp_session_broke", system=self._system, error=self.why)
        finally:
            self._over.set()

    async def _begin(self, session: ClientSession) -> None:
        """Whoever waits for the session is told at once how it went: ending a program may take a while."""
        try:
            with anyio.fail_after(self._limits.start_seconds):
                await self._greet(session)
        except Exception as error:
            self.why = _reason(error)
            self._over.set()
            self._ready.set_result(None)
            raise
        self.use(0)
        self._ready.set_result(session)

    def _on_end(self) -> None:
        """Nothing comes any more. Where we did not end it, the server did."""
        if not self._over.is_set():
            self.why = self.why or "the server ended the session"
        self._over.set()

    async def _greet(self, session: ClientSession) -> None:
        """`initialize`, as every server knows it; a server of the newest protocol alone is asked to introduce itself.
        What it says of itself is kept for admins and trusted in nothing."""
        try:
            await session.initialize()
        except MCPError as error:
            if error.code not in (METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION):
                raise
            await session.discover()
        self.protocol = session.protocol_version or ""
        if (told := session.server_info) is not None:
            self.server_info = {"name": told.name[:LONGEST_NAME], "version": told.version[:LONGEST_NAME]}

    async def _until_over(self) -> None:
        while not self._over.is_set():
            left = self._limits.idle_seconds
            if not self._in_use:
                left -= asyncio.get_running_loop().time() - self._used_at
            if left <= 0:
                self._over.set()
                return
            try:
                async with asyncio.timeout(left):
                    await self._over.wait()
            except TimeoutError:
                continue


def _reason(error: BaseException) -> str:
    """A fixed word for what broke a session: the texts of errors may quote what a server sent."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    from connectors.egress.pinned import Guarded

    if isinstance(error, ConnectorError):
        return error.detail
    if isinstance(error, Guarded | Flooded):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, MCPError):
        return f"it refused the session (code {error.code})"
    return f"the session broke ({type(error).__name__})"
