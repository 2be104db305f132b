"""Request bodies: never more than allowed in memory, never slower than allowed, and JSON that means one thing only."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from core.bodies import BodyRefused, whole_body
from web_app.responses import Failed

MOST_BYTES = 64 * 1024
MOST_SECONDS = 10.0

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, most: int = MOST_BYTES, seconds: float | None = None) -> bytes:
    """The whole body. Raises `Failed`: 413 when it is over `most` bytes, 408 when it takes over `seconds` (10)."""
    announced = request.headers.get("content-length", "")
    try:
        return await whole_body(request.stream(), announced, most, seconds or MOST_SECONDS)
    except BodyRefused as refused:
        raise Failed(refused.status) from None
    except ClientDisconnect:
        raise Failed(400) from None  # nobody hears it


def parse(kind: type[M], body: bytes) -> M:
    """The body as a record. Raises `Failed` (400) for anything else than exactly that: also for a key that is there
    twice (another reader may take the other value), for NaN, for nesting without end.
    """
    try:
        values = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        return kind.model_validate(values)
    except (ValueError, RecursionError):  # ValidationError, JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise Failed(400) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
