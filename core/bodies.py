"""Reads the body of an HTTP request, within a limit of size and of time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable


class BodyRefused(Exception):
    """The sender acts: the request ends with this HTTP status, 413 (too much) or 408 (too slow)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def whole_body(chunks: AsyncIterable[bytes], announced: str, most: int, seconds: float) -> bytes:
    """All of it. `announced` is the Content-Length, if any; `most` is in bytes. Raises `BodyRefused`."""
    if announced.isdecimal() and (len(announced) > 9 or int(announced) > most):
        raise BodyRefused(413)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in chunks:
                body += chunk
                if len(body) > most:
                    raise BodyRefused(413)
    except TimeoutError:
        raise BodyRefused(408) from None
    return bytes(body)
