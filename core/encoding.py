"""Records to JSON and back, validated on the way in: the form in which the database and the queue hold them."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")

_adapters: dict[Any, TypeAdapter[Any]] = {}  # building one takes a millisecond, using one microseconds


def encode(record: object) -> dict[str, Any]:
    """A record of `core` as plain JSON values."""
    encoded: dict[str, Any] = _adapter(type(record)).dump_python(record, mode="json")
    return encoded


def decode(kind: type[T], values: object) -> T:
    """JSON values as a record. Raises pydantic's ValidationError when they do not fit."""
    record: T = _adapter(kind).validate_python(values)
    return record


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
