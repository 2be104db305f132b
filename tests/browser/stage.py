"""One address over TLS with whatever application is on at the moment, and one browser before it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.browser.chrome import Chrome, install, running_chrome
from tests.servers.certificates import Certificates
from tests.servers.npm import installed
from web_app import looks
from web_app.guard import Guard

HOST = "desk.dhb.example"
AXE, INSTALL_SECONDS = Path(__file__).with_name("axe"), 120.0
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass
class Stage:
    """`show` the routes of a room; then open `https://desk.dhb.example/…` in a tab of `chrome`."""

    chrome: Chrome
    axe: str
    app: ASGIApp | None = None

    def show(self, *routes: BaseRoute) -> None:
        """From here on the address answers with these, inside the same wall as in the service."""
        self.app = Starlette(routes=[*routes, *looks.routes()], middleware=[Middleware(Guard)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        assert self.app is not None
        await self.app(scope, receive, send)


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: they are pytest's."""
        yield


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Server, browser and axe-core. Raises `unittest.SkipTest` where one of them cannot be had."""
    install()
    axe = (installed("axe-core", "axe", AXE, INSTALL_SECONDS) / "node_modules/axe-core/axe.min.js").read_text()
    with tempfile.TemporaryDirectory(prefix="loket-stage-") as folder, socket.socket() as listener:
        issued = Certificates(Path(folder) / "certificates").issue(HOST)
        listener.bind(("127.0.0.1", 0))
        serving: MutableMapping[str, Any] = {}

        async def on_stage(scope: Scope, receive: Receive, send: Send) -> None:
            await serving["stage"](scope, receive, send)

        server = _Quiet(
            uvicorn.Config(
                on_stage,
                log_config=None,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
                ssl_certfile=str(issued.certificate),
                ssl_keyfile=str(issued.key),
            )
        )
        task = asyncio.create_task(server.serve([listener]))
        try:
            async with running_chrome({HOST: listener.getsockname()[1]}) as chrome:
                serving["stage"] = Stage(chrome, axe)
                yield serving["stage"]
        finally:
            server.should_exit = True
            await task
