"""The signed door: nothing behind it is reached by a request that is not signed, whole, and from a known source."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ConnectorError
from core.tally import Tally
from web_app.bodies import MOST_BYTES, read_body
from web_app.keys import Keys
from web_app.responses import Failed, failure
from web_app.signing import Unsigned, claimed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request of which is known who sent it and that it is as they sent it."""

    source: str
    query: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the bodies of one route: bytes, seconds until one is there (None: ten), how many are held at once (0: any)."""

    most: int = MOST_BYTES
    seconds: float | None = None
    at_once: int = 0


SMALL = Bounds()


def new_body(request: Signed, accepting: Callable[[], bool]) -> bytes:
    """The body of a request that asks for something. Raises `Failed`: 503 while draining, 400 for a query."""
    if not accepting():
        raise Failed(503)
    if request.query:
        raise Failed(400)
    return request.body


Handler = Callable[[Signed], Awaitable[Response]]


class Door:
    """Makes routes whose handler sees signed requests only. `clock` gives seconds since 1970."""

    def __init__(self, keys: Keys, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._refused = Tally(lambda count: log.warning("door_refused", count=count), clock)

    def route(self, method: str, path: str, handler: Handler, bounds: Bounds = SMALL) -> Route:
        """One method of one path, within its bounds: beyond them it is 413, 408, or 503 for one too many at once."""
        places = asyncio.Semaphore(bounds.at_once) if bounds.at_once else None

        async def answered(request: Request) -> Response:
            if places is not None and places.locked():
                raise Failed(503)
            async with places or nullcontext():
                return await handler(await self._signed(request, method, bounds))

        async def endpoint(request: Request) -> Response:
            try:
                return await answered(request)
            except Unsigned:
                self._refused.add()
                return failure(401)
            except Failed as failed:
                return failure(failed.status)
            except ConnectorError as error:
                log.warning("door_unavailable", path=path, system=error.system)
                return failure(503)

        return Route(path, endpoint, methods=[method], name=f"{method} {path}")

    async def _signed(self, request: Request, method: str, bounds: Bounds) -> Signed:
        if request.method != method:  # HEAD comes along with every GET
            raise Failed(405)
        # Before the body is read: a stranger's takes no memory here.
        claim = claimed(request.scope["headers"], self._clock(), self._skew_seconds)
        body = await read_body(request, bounds.most, bounds.seconds)
        query: bytes = request.scope["query_string"]
        path: bytes = request.scope["raw_path"]
        claim.check(self._keys, method, path + b"?" + query if query else path, body)
        if body and method == "GET":
            raise Failed(400)
        return Signed(claim.source, query, body)
