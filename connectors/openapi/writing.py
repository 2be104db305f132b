"""Values into their places of a request: a value never ends its place, whatever it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.egress.names import encode_query, encode_segment
from core.errors import ConnectorError

HOLE = re.compile(r"\{([^{}/]+)\}")
"""What a path leaves open, by its name."""
_HEADER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,998}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one value goes. `explode`: a list in a query is the name repeated, else one value with commas."""

    place: Literal["path", "query", "header", "body"]
    name: str
    explode: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """A request without its credential. `body` is None where there is none."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def written(server: str, path: str, values: list[tuple[Slot, Any]], whole_body: str = "") -> Written:
    """The request with these values in their places.

    `whole_body`: the name of the one value that is the body itself (a list). Raises `ConnectorError` when a value
    cannot stand in its place, or a hole of the path stays open: nothing was sent then.
    """
    holes = {slot.name: _in_path(value) for slot, value in values if slot.place == "path"}
    filled = "".join(_pieces(path, holes))
    query = "&".join(pair for slot, value in values if slot.place == "query" for pair in _in_query(slot, value))
    headers = {slot.name: _in_header(value) for slot, value in values if slot.place == "header"}
    body = _body({slot.name: value for slot, value in values if slot.place == "body"}, whole_body)
    if body is not None:
        headers["Content-Type"] = "application/json"
    url = server.rstrip("/") + filled
    joint = "&" if "?" in url else "?"
    return Written(f"{url}{joint}{query}" if query else url, {"Accept": "application/json", **headers}, body)


def holes_of(path: str) -> list[str]:
    """The names of what a path leaves open."""
    return HOLE.findall(path)


def _pieces(path: str, holes: Mapping[str, str]) -> list[str]:
    found, at = [], 0
    for match in HOLE.finditer(path):
        if match[1] not in holes:
            raise ConnectorError("openapi", "a part of the path has no value")
        found += [path[at : match.start()], holes[match[1]]]
        at = match.end()
    return [*found, path[at:]]


def _in_path(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return ",".join(encode_segment(_plain(part)) for part in parts) or encode_segment("")


def _in_query(slot: Slot, value: Any) -> list[str]:
    parts = [encode_query(_plain(part)) for part in (value if isinstance(value, list) else [value])]
    name = encode_query(slot.name)
    return [f"{name}={part}" for part in parts] if slot.explode else [f"{name}={','.join(parts)}"]


def _in_header(value: Any) -> str:
    parts = [_plain(part) for part in (value if isinstance(value, list) else [value])]
    if isinstance(value, list) and any("," in part for part in parts):
        raise ConnectorError("openapi", "a list in a header may hold no commas")
    text = ",".join(parts)
    if not _HEADER.fullmatch(text):
        raise ConnectorError("openapi", "a header can only hold plain letters, digits and marks on one line")
    return text


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value, allow_nan=False)
    raise ConnectorError("openapi", "an object can only stand in a body")


def _body(values: Mapping[str, Any], whole: str) -> bytes | None:
    if not values:
        return None
    try:
        # Without escapes for letters beyond ASCII half a character would get through; so this way round.
        text = json.dumps(values[whole] if whole else values, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, UnicodeEncodeError):
        raise ConnectorError("openapi", "a value of the body cannot be written as JSON") from None
