"""Reading what Slack sent, key by key: anything of another shape than expected is `Malformed`, never an accident."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]

MOST_TEXT = 50_000
"""Characters of one text. Slack cuts messages at 40,000."""
MOST_ITEMS = 200
"""Entries of one list."""
_ID = re.compile(r"[A-Z][A-Z0-9_-]{1,28}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,10}")


class Malformed(Exception):
    """The sender acts: this is nothing that Slack sends. The text is the name of a key, never a value."""


def text_of(values: Json, key: str) -> str:
    """The text under a key; empty where there is none. Raises `Malformed`."""
    found = values.get(key)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > MOST_TEXT:
        raise Malformed(key)
    return found


def number_of(values: Json, key: str) -> int:
    """The whole number under a key; 0 where there is none. Raises `Malformed`."""
    found = values.get(key)
    if found is None:
        return 0
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**53:
        raise Malformed(key)
    return found


def is_set(values: Json, key: str) -> bool:
    """Whether a key is there and true. Anything but true or false counts as true: these are warnings about people."""
    return bool(values.get(key))


def part_of(values: Json, key: str) -> Json:
    """The object under a key; an empty one where there is none. Raises `Malformed`."""
    found = values.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(key)
    return found


def parts_of(values: Json, key: str) -> Sequence[Json]:
    """The list of objects under a key; an empty one where there is none. Raises `Malformed`."""
    found = values.get(key)
    if found is None:
        return ()
    if not isinstance(found, list) or len(found) > MOST_ITEMS or not all(isinstance(one, dict) for one in found):
        raise Malformed(key)
    return found


def id_of(values: Json, key: str) -> str:
    """One of Slack's ids (`T…`, `U…`, `C…`); empty where there is none. Raises `Malformed`."""
    found = text_of(values, key)
    if found and not _ID.fullmatch(found):
        raise Malformed(key)
    return found


def needed_id(values: Json, key: str) -> str:
    """One of Slack's ids. Raises `Malformed` also where there is none."""
    if found := id_of(values, key):
        return found
    raise Malformed(key)


def ts_of(values: Json, key: str) -> str:
    """The `ts` of a post, Slack's name for it; empty where there is none. Raises `Malformed`."""
    found = text_of(values, key)
    if found and not _TS.fullmatch(found):
        raise Malformed(key)
    return found


def needed_ts(values: Json, key: str) -> str:
    """The `ts` of a post. Raises `Malformed` also where there is none."""
    if found := ts_of(values, key):
        return found
    raise Malformed(key)


def moment_of(ts: str) -> datetime:
    """When a post was made, from its `ts`: seconds since 1970 and a number that tells posts of a moment apart."""
    return datetime.fromtimestamp(float(ts), UTC)
