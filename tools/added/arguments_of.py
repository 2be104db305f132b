"""JSON Schema → the strict model of a tool's arguments, for the part of JSON Schema that a form can show and a seal can
hold; whatever is outside it is an error that names the place.

Taken: `string` (minLength, maxLength, pattern, format `date`), `integer` and `number` (minimum, maximum), `boolean`,
`enum` of strings or of whole numbers, `array` of these (minItems, maxItems), `object` (properties, required) at most
two deep; `description`, `title`, `default` and `x-kind` (`line`, `text`, `date`, `ticket`), `x-values` everywhere.
An argument that is not required and has no default is None when it is left out, and is then not handed to the tool.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PydanticSchemaGenerationError, ValidationError, create_model
from pydantic_core import SchemaError

from core.errors import ConfigError
from tools.added.identity_words import APPROVAL, IDENTITY, carries_approval, carries_identity
from tools.spec import Arguments

__all__ = ["APPROVAL", "IDENTITY", "arguments_of", "carries_approval", "carries_identity"]

MOST_FIELDS = 40
DEEPEST = 2
LONGEST_TEXT = 4_000
MOST_ITEMS = 50
EXACT = 2**53 - 1
"""Whole numbers beyond this have no one form in JSON (RFC 8785)."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NOTES = frozenset({"type", "description", "title", "default", "x-kind", "x-values"})
_TAKEN: dict[str, frozenset[str]] = {
    "string": _NOTES | {"minLength", "maxLength", "pattern", "format", "enum"},
    "integer": _NOTES | {"minimum", "maximum", "enum"},
    "number": _NOTES | {"minimum", "maximum"},
    "boolean": _NOTES,
    "array": _NOTES | {"items", "minItems", "maxItems"},
    "object": _NOTES | {"properties", "required", "additionalProperties"},
}
_KINDS = frozenset({"line", "text", "date", "ticket"})
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def arguments_of(name: str, schema: Mapping[str, Any]) -> type[Arguments]:
    """The model of the arguments of the tool `name`. Raises `ConfigError` that names the place and the remedy."""
    model = _object(schema, f"{name}_arguments", "arguments", 0)
    try:
        model.model_json_schema()
    except (PydanticSchemaGenerationError, ValueError, TypeError) as error:
        raise ConfigError(f"arguments: the schema cannot be used: {type(error).__name__}") from error
    return model


def _object(schema: Mapping[str, Any], title: str, place: str, depth: int) -> type[Arguments]:
    _refuse_unknown(schema, "object", place)
    if schema.get("additionalProperties", False) is not False:
        raise ConfigError(f"{place}.additionalProperties: only what is named may be filled in; set it to false")
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        raise ConfigError(f"{place}: `properties` is a mapping and `required` a list")
    if len(properties) > MOST_FIELDS:
        raise ConfigError(f"{place}.properties: more than {MOST_FIELDS} arguments are no question one can ask a person")
    if missing := [one for one in required if one not in properties]:
        raise ConfigError(f"{place}.required: {missing[0]!r} is not in properties")
    fields: dict[str, Any] = {}
    for name, shape in properties.items():
        here = f"{place}.properties.{name}"
        _refuse_name(name, here)
        if not isinstance(shape, Mapping):
            raise ConfigError(f"{here}: a mapping with a `type` belongs here")
        fields[name] = _field(shape, here, depth, f"{title}_{name}", needed=name in required)
    return _made(title, fields, place)


def _made(title: str, fields: dict[str, Any], place: str) -> type[Arguments]:
    try:
        return create_model(title, __base__=Arguments, **fields)
    except (SchemaError, PydanticSchemaGenerationError, NameError, TypeError) as error:
        raise ConfigError(f"{place}: a pattern or a bound of this cannot be used: {_short(error)}") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _refuse_name(name: Any, here: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name) or hasattr(Arguments, name):
        raise ConfigError(
            f"{here}: call it by a plain word of a-z, 0-9 and _, and say in `source` what the wire calls it"
        )
    if carries_approval(name):
        raise ConfigError(f"{here}: who approves and with which power is never an argument; remove it")
    if carries_identity(name):
        raise ConfigError(
            f"{here}: who it is about comes from the verified person: bind it, such as requester.employee_id"
        )


def _refuse_unknown(shape: Mapping[str, Any], kind: str, place: str) -> None:
    for key in shape:
        if key not in _TAKEN[kind]:
            raise ConfigError(f"{place}.{key}: not taken here; a {kind} may say: {', '.join(sorted(_TAKEN[kind]))}")


def _field(shape: Mapping[str, Any], place: str, depth: int, title: str, *, needed: bool) -> tuple[Any, Any]:
    """The type and the field of one argument."""
    kind, extra = _type(shape, place, depth, title), _extra(shape, place)
    told = {"description": _text(shape, "description", place), "title": _text(shape, "title", place)}
    notes: dict[str, Any] = {key: value for key, value in told.items() if value}
    if extra:
        notes["json_schema_extra"] = extra
    if "default" in shape:
        _refuse_unfit(kind, shape["default"], place)
        return kind, Field(default=shape["default"], **notes)
    if needed:
        return kind, Field(**notes)
    return kind | None, Field(default=None, **notes)


def _refuse_unfit(kind: Any, value: Any, place: str) -> None:
    probe = _made("probe", {"value": (kind, ...)}, place)
    try:
        probe.model_validate({"value": value})
    except ValidationError as error:
        raise ConfigError(f"{place}.default: {value!r} does not fit the rest of it") from error
    if isinstance(value, dict | list):
        raise ConfigError(f"{place}.default: only a single value can be one")


def _extra(shape: Mapping[str, Any], place: str) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    kind = shape.get("x-kind", "date" if shape.get("format") == "date" else None)
    if kind is not None:
        if kind not in _KINDS or shape.get("type") != "string":
            raise ConfigError(f"{place}.x-kind: for a string, one of {', '.join(sorted(_KINDS))}")
        extra["x-kind"] = kind
    if "x-values" in shape:
        extra["x-values"] = _values(shape, place)
    return extra


def _values(shape: Mapping[str, Any], place: str) -> dict[str, list[str]]:
    """What people say for each value of an enum, by value."""
    values, known = shape["x-values"], shape.get("enum", ())
    if not isinstance(values, Mapping) or not set(values) <= set(known):
        raise ConfigError(f"{place}.x-values: phrases by value, for values that stand in `enum`")
    for said in values.values():
        if not isinstance(said, list) or not all(isinstance(one, str) and 0 < len(one) <= 200 for one in said):
            raise ConfigError(f"{place}.x-values: each value has a list of phrases of at most 200 characters")
    return {str(value): list(said) for value, said in values.items()}


def _text(shape: Mapping[str, Any], key: str, place: str) -> str:
    text = shape.get(key, "")
    if not isinstance(text, str) or len(text) > 600:
        raise ConfigError(f"{place}.{key}: a text of at most 600 characters")
    return text


def _type(shape: Mapping[str, Any], place: str, depth: int, title: str) -> Any:
    kind = shape.get("type")
    if not isinstance(kind, str) or kind not in _TAKEN:
        raise ConfigError(f"{place}.type: one of {', '.join(sorted(_TAKEN))} belongs here, and only one")
    _refuse_unknown(shape, kind, place)
    if "enum" in shape:
        return _enum(shape, kind, place)
    if kind == "object":
        if depth == DEEPEST:
            raise ConfigError(f"{place}: objects may stand in objects at most {DEEPEST} deep")
        return _object(shape, title, place, depth + 1)
    return _array(shape, place, depth, title) if kind == "array" else _single(shape, kind, place)


def _single(shape: Mapping[str, Any], kind: str, place: str) -> Any:
    match kind:
        case "string":
            return _string(shape, place)
        case "integer":
            low, high = _bounds(shape, place, "minimum", "maximum", (int,), -EXACT, EXACT)
            return Annotated[int, Field(ge=low, le=high)]
        case "number":
            low, high = _bounds(shape, place, "minimum", "maximum", (int, float), -float(EXACT), float(EXACT))
            return Annotated[float, Field(ge=low, le=high, allow_inf_nan=False)]
    return bool


def _string(shape: Mapping[str, Any], place: str) -> Any:
    low, high = _bounds(shape, place, "minLength", "maxLength", (int,), 0, LONGEST_TEXT)
    said = shape.get("format")
    if said not in (None, "date"):
        raise ConfigError(f"{place}.format: only `date` is known; say anything else as a `pattern`")
    pattern = shape.get("pattern", _DATE if said == "date" or shape.get("x-kind") == "date" else None)
    if pattern is not None and (not isinstance(pattern, str) or len(pattern) > 500):
        raise ConfigError(f"{place}.pattern: a pattern of at most 500 characters")
    return Annotated[str, Field(min_length=low, max_length=high, pattern=pattern)]


def _enum(shape: Mapping[str, Any], kind: str, place: str) -> Any:
    values = shape["enum"]
    wanted = str if kind == "string" else int
    if not isinstance(values, list) or not 1 <= len(values) <= 200 or len(set(map(repr, values))) != len(values):
        raise ConfigError(f"{place}.enum: a list of 1 to 200 different values")
    if not all(isinstance(value, wanted) and not isinstance(value, bool) for value in values):
        raise ConfigError(f"{place}.enum: all values must be of the type {kind}")
    return Literal[tuple(values)]


def _array(shape: Mapping[str, Any], place: str, depth: int, title: str) -> Any:
    items = shape.get("items")
    if not isinstance(items, Mapping):
        raise ConfigError(f"{place}.items: say what the list holds")
    if items.get("type") == "array":
        raise ConfigError(f"{place}.items: a list of lists is not taken")
    low, high = _bounds(shape, place, "minItems", "maxItems", (int,), 0, MOST_ITEMS)
    inside = _type(items, f"{place}.items", depth, f"{title}_item")
    return Annotated[list[inside], Field(min_length=low, max_length=high)]  # type: ignore[valid-type]


def _bounds(
    shape: Mapping[str, Any], place: str, low: str, high: str, kinds: tuple[type, ...], least: Any, most: Any
) -> tuple[Any, Any]:
    """Both bounds, within what we take at most."""
    for key in (low, high):
        value = shape.get(key, least)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise ConfigError(f"{place}.{key}: a number belongs here")
    lower, upper = max(shape.get(low, least), least), min(shape.get(high, most), most)
    if lower > upper:
        raise ConfigError(f"{place}: {low} is above {high} (at most {most})")
    return lower, upper
