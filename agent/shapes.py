"""A tool's parameters as JSON schema: which type a parameter really has, and whether a value fits it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

Shape = dict[str, Any]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def resolved(shape: Shape, parameters: Shape) -> Shape:
    """Follows `$ref`, and takes the one real type out of `anyOf` with null."""
    if "$ref" in shape:
        shape = {**parameters.get("$defs", {}).get(shape["$ref"].rsplit("/", 1)[-1], {}), **shape}
    real = [resolved(option, parameters) for option in shape.get("anyOf", ()) if option.get("type") != "null"]
    return {**real[0], **shape} if len(real) == 1 else shape


def fits(value: object, shape: Shape) -> bool:
    """Whether a value may be given for a (resolved) parameter. Only what tools of a service desk use is checked."""
    wanted = _TYPES.get(shape.get("type", ""), object)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted in (int, (int, float))):
        return False
    if "enum" in shape and value not in shape["enum"]:
        return False
    if isinstance(value, str):
        return _fits_text(value, shape)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _fits_number(value, shape)
    return True


def _fits_text(value: str, shape: Shape) -> bool:
    if not shape.get("minLength", 0) <= len(value) <= shape.get("maxLength", len(value)):
        return False
    if "pattern" in shape and re.search(shape["pattern"], value) is None:
        return False
    return not is_date(shape) or _is_day(value)


def _fits_number(value: float, shape: Shape) -> bool:
    low, high = shape.get("minimum", value), shape.get("maximum", value)
    above, below = shape.get("exclusiveMinimum"), shape.get("exclusiveMaximum")
    return low <= value <= high and (above is None or value > above) and (below is None or value < below)


def is_date(shape: Shape) -> bool:
    """Whether a day is meant."""
    return shape.get("x-kind") == "date" or shape.get("format") == "date"


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
