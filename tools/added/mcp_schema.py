"""A server's `inputSchema` → the arguments of a tool document, as far as these go.

What a form cannot show is left out where the server can do without it; where it cannot, the tool is not taken. A limit
that we do not know (`multipleOf`, a format) is let go: the server holds its own limits.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ConfigError
from core.plain_text import one_line
from tools.added.arguments_of import (
    LONGEST_TEXT,
    MOST_FIELDS,
    MOST_ITEMS,
    arguments_of,
    carries_approval,
    carries_identity,
)
from tools.added.risk_words import words_of
from tools.spec import Arguments

MOST_PROPERTIES = 200
MOST_STEPS = 2_000
DEEPEST = 12
LONGEST_NOTE = 300
_KEPT: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "pattern"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems",),
}


@dataclass(slots=True)
class Converted:
    """`names` says what the wire calls an argument of ours, where it differs. `to_bind` (ours → the wire's) say who it
    is about and are filled from the verified person or not at all; those of them in `must_bind` the server cannot do
    without. `left_out` and `problems` are sentences; with a problem the tool cannot be added."""

    arguments: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    to_bind: dict[str, str] = field(default_factory=dict)
    must_bind: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Unfit(Exception):
    """This part is none that a form can show; the text says why."""


def convert(schema: object) -> Converted:
    """The arguments of a tool with this schema. Never raises: whatever the schema is, it is said what does not fit."""
    found = Converted(arguments={"type": "object", "properties": {}, "required": [], "additionalProperties": False})
    properties, required = _parts(schema)
    if properties is None or required is None or len(properties) > MOST_PROPERTIES:
        found.problems.append(f"its arguments are no list of at most {MOST_PROPERTIES} named ones")
        return found
    reader = _Reader(schema)
    for wire in sorted(properties, key=lambda name: name not in required):
        _take(found, reader, str(wire), properties[wire], needed=wire in required)
    if missing := [name for name in required if name not in properties]:
        found.problems.append(f"it cannot do without {_shown(missing[0])}, which it does not describe")
    if not found.problems:
        _whole(found)
    return found


def _parts(schema: object) -> tuple[Mapping[str, Any] | None, list[Any] | None]:
    if not isinstance(schema, Mapping):
        return None, None
    properties, required = schema.get("properties", {}), schema.get("required", [])
    named = isinstance(properties, Mapping) and isinstance(required, list)
    return (properties, required) if named and all(isinstance(one, str) for one in required) else (None, None)


def _take(found: Converted, reader: _Reader, wire: str, shape: object, *, needed: bool) -> None:
    """One argument: into the arguments, or to be bound, or left out, or a problem."""
    ours = _name(wire)
    properties = found.arguments["properties"]
    try:
        if ours is None or ours in properties or ours in found.to_bind:
            raise _Unfit("no name of ours can be made of its name")
        if carries_approval(wire) or carries_approval(ours):
            raise _Unfit("who approves, and with which power, is never an argument")
        if carries_identity(wire) or carries_identity(ours):
            found.to_bind[ours] = wire
            found.must_bind += (ours,) if needed else ()
        elif not needed and len(properties) >= MOST_FIELDS:
            raise _Unfit(f"a form asks at most {MOST_FIELDS} things")
        else:
            properties[ours] = _fitting(ours, reader.shape(shape, 0))
            found.arguments["required"] += [ours] if needed else []
        if ours != wire:
            found.names[ours] = wire
    except _Unfit as unfit:
        sentence = f"{_shown(wire)}: {unfit}"
        (found.problems if needed else found.left_out).append(sentence)


def _fitting(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    """The shape, without a pattern or a default where these are what our reading of it does not take."""
    drops: tuple[tuple[str, ...], ...] = ((), ("pattern",), ("default",), ("pattern", "default"))
    why = ""
    for drop in drops:
        tried = {key: value for key, value in shape.items() if key not in drop}
        try:
            arguments_of("probe", {"type": "object", "properties": {name: tried}})
        except ConfigError as error:
            why = why or one_line(str(error))[:LONGEST_NOTE]
        else:
            return tried
    raise _Unfit(why)


def _whole(found: Converted) -> None:
    try:
        arguments_of("probe", found.arguments)
    except ConfigError as error:
        found.problems.append(one_line(str(error))[:LONGEST_NOTE])


class _Reader:
    """Reads shapes of one schema. References are followed within it, and not for ever."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = 0

    def shape(self, shape: object, deep: int) -> dict[str, Any]:
        """The same shape in our words. Raises `_Unfit`."""
        self._steps += 1
        if deep > DEEPEST or self._steps > MOST_STEPS:
            raise _Unfit("it is nested too deeply")
        if not isinstance(shape, Mapping):
            raise _Unfit("it does not say what it is")
        if (inner := self._inner(shape)) is not None:
            notes = {key: shape[key] for key in ("description", "title", "default") if key in shape}
            return self.shape({**inner, **notes}, deep + 1)
        kind = _kind(shape)
        taken = {"type": kind, **_notes(shape), **_limits(shape, kind)}
        if kind == "array":
            taken["items"] = self.shape(shape.get("items"), deep + 1)
            taken["items"].pop("default", None)
        if kind == "object":
            taken |= self._object(shape, deep)
        return taken

    def _inner(self, shape: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What is really meant, where this only points at it: a reference, or one of several of which the others are
        null. Raises `_Unfit` for a choice between shapes."""
        if "$ref" in shape:
            return self._referred(shape["$ref"])
        for key in ("anyOf", "oneOf", "allOf"):
            if key in shape:
                options = shape[key] if isinstance(shape[key], list) else []
                meant = [one for one in options if not (isinstance(one, Mapping) and one.get("type") == "null")]
                if len(meant) != 1 or not isinstance(meant[0], Mapping):
                    raise _Unfit("it may be one of several things")
                return meant[0]
        return None

    def _referred(self, reference: object) -> Mapping[str, Any]:
        parts = str(reference).split("/")
        found: Any = self._root
        if len(parts) != 3 or parts[0] != "#" or parts[1] not in ("$defs", "definitions"):
            raise _Unfit("it refers to something elsewhere")
        for part in parts[1:]:
            found = found.get(part) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise _Unfit("it refers to something that is not there")
        return found

    def _object(self, shape: Mapping[str, Any], deep: int) -> dict[str, Any]:
        properties, required = _parts(shape)
        if not properties or required is None or len(properties) > MOST_FIELDS:
            raise _Unfit("it holds whatever one likes, or more than a form can ask")
        taken: dict[str, Any] = {}
        for name, inside in properties.items():
            try:
                if _name(name) != name or carries_identity(name):
                    raise _Unfit(f"its part {_shown(name)} is none that a model may fill in")
                taken[name] = self.shape(inside, deep + 1)
            except _Unfit:
                if name in required:
                    raise
        if any(name not in taken for name in required):
            raise _Unfit("it does not describe what it cannot do without")
        return {"properties": taken, "required": list(required), "additionalProperties": False}


def _kind(shape: Mapping[str, Any]) -> str:
    kind = shape.get("type")
    if isinstance(kind, list):
        kinds = [one for one in kind if one != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    values = shape.get("enum", [shape["const"]] if "const" in shape else None)
    if kind is None and isinstance(values, list) and values:
        kind = "string" if all(isinstance(one, str) for one in values) else "integer"
    if kind not in ("string", "integer", "number", "boolean", "array", "object"):
        raise _Unfit("it does not say of which one kind it is")
    return str(kind)


def _notes(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Texts of the server's, shortened, without what cannot be seen; an admin reads them before anybody else does."""
    notes = {
        key: one_line(shape[key])[:LONGEST_NOTE] for key in ("description", "title") if isinstance(shape.get(key), str)
    }
    if isinstance(shape.get("default"), str | int | float | bool):
        notes["default"] = shape["default"]
    return {key: value for key, value in notes.items() if value != ""}


def _limits(shape: Mapping[str, Any], kind: str) -> dict[str, Any]:
    values = shape.get("enum", [shape["const"]] if "const" in shape else None)
    if values is not None and kind in ("string", "integer", "number"):
        plain = [one for one in values if one is not None] if isinstance(values, list) else values
        return {"enum": plain}
    limits = {key: shape[key] for key in _KEPT.get(kind, ()) if key in shape}
    if kind == "string" and isinstance(shape.get("maxLength"), int):
        limits["maxLength"] = min(shape["maxLength"], LONGEST_TEXT)
    if kind == "string" and shape.get("format") == "date":
        limits["format"] = "date"
    if kind == "array" and isinstance(shape.get("maxItems"), int):
        limits["maxItems"] = min(shape["maxItems"], MOST_ITEMS)
    return limits


def _name(wire: object) -> str | None:
    """A name of ours for an argument: `employeeNo` is `employee_no`; None where there is no plain one."""
    words = words_of(str(wire))
    name = "_".join(words)[:60]
    if not name or not str(wire).isascii() or not name[0].isalpha():
        return None
    return f"{name}_value" if keyword.iskeyword(name) or hasattr(Arguments, name) else name


def _shown(name: object) -> str:
    return ascii(str(name)[:60])
