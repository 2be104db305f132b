"""The style sheet and the mark of the pages, served from here under names that change with what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web_app.responses import failure

KINDS = {"pages.css": "text/css", "mark.svg": "image/svg+xml"}
_FOLDER = Path(__file__).with_name("look")
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def address(file: str) -> str:
    """Where a file of `KINDS` is: `/look/pages-0123456789ab.css`."""
    name, _, ending = file.partition(".")
    return f"/look/{name}-{hashlib.sha256(_read(file)).hexdigest()[:12]}.{ending}"


def routes() -> Sequence[Route]:
    """Where they are served. The same for everybody, so that a cache may keep them."""
    return [Route("/look/{name}", _served, methods=["GET"])]


async def _served(request: Request) -> Response:
    for file, kind in KINDS.items():
        if request.url.path == address(file):
            return Response(_read(file), media_type=kind, headers=_FOREVER)
    return failure(404)


@cache
def _read(file: str) -> bytes:
    return (_FOLDER / file).read_bytes()
