"""Records to JSON values and back, checked on the way in: what the database and the wire hold."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@lru_cache(maxsize=64)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(record: object) -> dict[str, Any]:
    """A record of `core` as plain JSON values."""
    encoded: dict[str, Any] = _adapter(cast(Hashable, type(record))).dump_python(record, mode="json")
    return encoded


def decode(kind: type[T], values: object) -> T:
    """JSON values as a record. Raises pydantic's ValidationError when they do not fit."""
    record: T = _adapter(cast(Hashable, kind)).validate_python(values)
    return record
