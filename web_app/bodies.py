"""Request bodies: never more than allowed in memory, never slower than allowed, and JSON that means one thing only."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from web_app.responses import Failed

MOST_BYTES = 64 * 1024
MOST_SECONDS = 10.0

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """The whole body. Raises `Failed`: 413 when it is over 64 kB, 408 when it takes over 10 s."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 9 or int(announced) > MOST_BYTES):
        raise Failed(413)
    body = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Failed(413)
    except TimeoutError:
        raise Failed(408) from None
    except ClientDisconnect:
        raise Failed(400) from None  # nobody hears it
    return bytes(body)


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
