"""Around everything that speaks HTTP: headers that keep answers to themselves, and no word about what went wrong."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import where
from web_app.responses import failure

log = structlog.get_logger(__name__)
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
]


class Guard:
    """ASGI middleware. What a handler did not expect ends as a 500 with its fixed sentence; the log gets the kind."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *_missing(message["headers"])]}
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - its text may hold anything, so neither the caller nor the log gets it
            log.error("request_failed", error=type(error).__name__, at=where(error))
            if not begun:
                await failure(500)(scope, receive, guarded)


def _missing(given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A page may say more exactly what it needs; two policies at once would both hold, and leave it nothing."""
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in _HEADERS if name not in names]


async def refuse(_: Request, error: Exception) -> Response:
    """The handler of Starlette's own refusals, such as a path that is not there."""
    if not isinstance(error, HTTPException):
        raise error
    return failure(error.status_code, error.headers)
