"""The signed door: nothing behind it is reached by a request that is not signed, whole, and from a known source."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ConnectorError
from web_app.bodies import read_body
from web_app.keys import Keys
from web_app.responses import Failed, failure
from web_app.signing import Unsigned, claimed

TELL_SECONDS = 10.0
"""How often it is logged at most that requests were refused: an attacker must not fill the log."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request of which is known who sent it and that it is as they sent it."""

    source: str
    query: bytes
    body: bytes


Handler = Callable[[Signed], Awaitable[Response]]


class Door:
    """Makes routes whose handler sees signed requests only. `clock` gives seconds since 1970."""

    def __init__(self, keys: Keys, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._refused = 0
        self._told_at = 0.0

    def route(self, method: str, path: str, handler: Handler) -> Route:
        """One method of one path."""

        async def endpoint(request: Request) -> Response:
            try:
                return await handler(await self._signed(request, method))
            except Unsigned:
                self._note_refused()
                return failure(401)
            except Failed as failed:
                return failure(failed.status)
            except ConnectorError as error:
                log.warning("door_unavailable", path=path, system=error.system)
                return failure(503)

        return Route(path, endpoint, methods=[method], name=f"{method} {path}")

    async def _signed(self, request: Request, method: str) -> Signed:
        if request.method != method:  # HEAD comes along with every GET
            raise Failed(405)
        # Before the body is read: a stranger's takes no memory here.
        claim = claimed(request.scope["headers"], self._clock(), self._skew_seconds)
        body = await read_body(request)
        query: bytes = request.scope["query_string"]
        path: bytes = request.scope["raw_path"]
        claim.check(self._keys, method, path + b"?" + query if query else path, body)
        if body and method == "GET":
            raise Failed(400)
        return Signed(claim.source, query, body)

    def _note_refused(self) -> None:
        self._refused += 1
        if abs(self._clock() - self._told_at) >= TELL_SECONDS:
            log.warning("door_refused", count=self._refused)
            self._refused, self._told_at = 0, self._clock()
