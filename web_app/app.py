"""The HTTP applications put together: the door with health beside it, and health alone for processes without a door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from core.attachments import Bringing
from core.ports import Desk
from storage import Database
from web_app.door import Door
from web_app.events import Intake
from web_app.feed import Feed
from web_app.files import BroughtBytes
from web_app.filling import Filling
from web_app.guard import Guard, refuse
from web_app.health import Health, OpsParts
from web_app.keys import Keys
from web_app.posts import PostsChannel
from web_app.replies import Outgoing


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the door needs. `channel` posts into the same `feed` that readers are served from.

    `clock` gives seconds since 1970, for signatures. `pages` are the routes that people open in a browser. `bringing`
    takes files; without it none is taken.
    """

    desk: Desk
    database: Database
    channel: PostsChannel
    feed: Feed
    keys: Keys
    skew_seconds: int
    clock: Callable[[], float]
    ops: OpsParts
    pages: Sequence[BaseRoute] = ()
    bringing: Bringing | None = None


def build_app(parts: WebParts) -> Starlette:
    """The door, health and metrics. Run it without uvicorn's own `server` header (`server_header=False`)."""
    door = Door(parts.keys, parts.clock, parts.skew_seconds)
    intake = Intake(parts.desk, parts.database, parts.ops.accepting, parts.clock)
    filling = Filling(parts.desk, parts.database, parts.ops.accepting)
    outgoing = Outgoing(parts.channel, parts.feed, parts.ops.accepting)
    routes = [*intake.routes(door), *filling.routes(door), *outgoing.routes(door)]
    if parts.bringing is not None:
        routes += BroughtBytes(parts.bringing, parts.ops.accepting).routes(door)
    return _guarded([*routes, *parts.pages, *Health(parts.ops).routes()])


def build_ops_app(parts: OpsParts) -> Starlette:
    """Health and metrics only."""
    return _guarded(Health(parts).routes())


def _guarded(routes: Iterable[BaseRoute]) -> Starlette:
    app = Starlette(routes=list(routes), middleware=[Middleware(Guard)], exception_handlers={HTTPException: refuse})
    app.router.redirect_slashes = False  # a redirect would repeat whatever host the caller named
    return app
