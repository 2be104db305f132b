"""Writing values into OData so that they stay values: literals, search words, paths and query strings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

_WORD = re.compile(r"[^\W_]+")


def literal(value: str) -> str:
    """A string for `$filter`: a quote in it is doubled, which is all that OData 4.01 (section 5.1.1.14.1) knows."""
    return "'" + value.replace("'", "''") + "'"


def moment(value: datetime) -> str:
    """A time for `$filter`: UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def words(text: str) -> list[str]:
    """The words of a text, letters and digits only: nothing in them can end a clause of `$search`."""
    return _WORD.findall(text)


def clause(attribute: str, value: str) -> str:
    """One clause of `$search`. A quote or a backslash in it gets a backslash, as Graph's documentation says."""
    return f'"{attribute}:' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def address(base: str, segments: Iterable[str], query: Mapping[str, str]) -> str:
    """A whole address. Nothing in a segment can leave its place in the path, nothing in a value its parameter."""
    path = "/".join(quote(segment, safe="") for segment in segments)
    pairs = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query.items())
    return f"{base}/{path}?{pairs}" if pairs else f"{base}/{path}"
