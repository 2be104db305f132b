"""What Slack posts over HTTP: read within limits, and understood only where it can be nothing else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from core.bodies import BodyRefused, whole_body

MOST_BYTES = 1024 * 1024
"""Slack's own events are under 100 kB; a view with a long text is the largest."""
MOST_SECONDS = 5.0
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class BadBody(Exception):
    """The sender acts: the request ends with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def read_body(request: Request) -> bytes:
    """The whole body. Raises `BadBody`: 413 over a megabyte, 408 when it takes over 5 s."""
    announced = request.headers.get("content-length", "")
    try:
        return await whole_body(request.stream(), announced, MOST_BYTES, MOST_SECONDS)
    except BodyRefused as refused:
        raise BadBody(refused.status) from None
    except ClientDisconnect:
        raise BadBody(400) from None  # nobody hears it


def kind_of(request: Request) -> str:
    """The content type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_certificate_check(kind: str, body: bytes) -> bool:
    """Slack looking whether our certificate is good: it is not signed, and wants nothing but an answer."""
    return kind == FORM and len(body) < 1000 and _form(body).get("ssl_check") == ["1"]


def understood(kind: str, body: bytes) -> dict[str, Any]:
    """The payload: events come as JSON, clicks and forms as JSON in a form. Raises `BadBody` (400)."""
    try:
        if kind == FORM:
            payloads = _form(body).get("payload", [])
            if len(payloads) != 1:
                raise BadBody(400)
            found = json.loads(payloads[0])
        elif kind == JSON:
            found = json.loads(body.decode("utf-8"))
        else:
            raise BadBody(400)
    except (ValueError, RecursionError):  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise BadBody(400) from None
    if not isinstance(found, dict):
        raise BadBody(400)
    return found


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return {}
