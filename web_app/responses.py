"""What the door answers: JSON, and one fixed sentence for everything that went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

RETRY_SECONDS = 5
"""After how many seconds a caller should try again what could not be done now."""

SENTENCES: Mapping[int, str] = {
    400: "The request cannot be read: see the description of the door.",
    401: "The request is not signed, or not as it must be.",
    404: "There is nothing here.",
    405: "This cannot be done here.",
    408: "The request came too slowly.",
    409: "This id was used before, for something else or without a known end. Look how things stand; use a new id.",
    413: "The request is too long.",
    429: "Too many readers at once.",
    500: "Something went wrong here.",
    503: "Not now. Try again later.",
}


class JsonResponse(Response):
    """JSON in UTF-8."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Failed(Exception):
    """The caller acts: the request ends with this HTTP status and its fixed sentence."""

    def __init__(self, status: int) -> None:
        super().__init__(SENTENCES[status])
        self.status = status


def failure(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed. It says nothing of why that an attacker could use."""
    given = dict(headers or {})
    if status in (429, 503):
        given["Retry-After"] = str(RETRY_SECONDS)
    return JsonResponse({"error": SENTENCES.get(status, SENTENCES[400])}, status, given)
