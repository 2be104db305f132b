"""The one field that a page's form sends."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from web_app.bodies import read_body
from web_app.responses import Failed


async def only_field(request: Request, most_bytes: int) -> tuple[str, str]:
    """Its name and value. Raises `Failed` for anything that is not a form of one field: 400, 408, 413."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Failed(400)
    body = await read_body(request, most_bytes)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=2)
    except ValueError:
        raise Failed(400) from None
    if len(pairs) != 1:
        raise Failed(400)
    return pairs[0]
