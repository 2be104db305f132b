"""A value for every argument of a tool: from its recorded examples, else made up from its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.added.document import ToolDocument

TEXT = "Example of what somebody fills in"


def example_arguments(document: ToolDocument) -> dict[str, Any]:
    """The arguments of the first recorded example, and made-up values for whatever it leaves out."""
    recorded: Mapping[str, Any] = document.contract[0].arguments if document.contract else {}
    return {**{name: value_of(shape) for name, shape in document.properties.items()}, **recorded}


def value_of(shape: Mapping[str, Any]) -> Any:
    """A value that this piece of a schema takes; a pattern is not made up: such an argument needs an example."""
    if "default" in shape:
        return shape["default"]
    if "enum" in shape:
        return shape["enum"][0]
    match shape.get("type"):
        case "string":
            return _text(shape)
        case "integer" | "number":
            return _number(shape)
        case "boolean":
            return True
        case "array":
            return [value_of(shape["items"])] * max(1, shape.get("minItems", 0))
        case _:
            return {name: value_of(inner) for name, inner in shape.get("properties", {}).items()}


def _number(shape: Mapping[str, Any]) -> Any:
    low, high = shape.get("minimum"), shape.get("maximum")
    if low is not None:
        return low
    return high if high is not None and high < 1 else 1


def _text(shape: Mapping[str, Any]) -> str:
    if shape.get("format") == "date" or shape.get("x-kind") == "date":
        return "2026-12-01"
    if shape.get("x-kind") == "ticket":
        return "IT-104"
    low, high = shape.get("minLength", 0), shape.get("maxLength", 200)
    return TEXT[:high].ljust(min(low, high), ".")
