"""What an operation takes, as arguments of a tool: parameters and the members of a JSON body, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.added.mcp_schema import Converted, convert
from tools.added.openapi_references import CUT
from tools.added.openapi_source import TAKEN_HEADERS
from tools.added.risk_words import words_of

STYLES: Mapping[str, str] = {"path": "simple", "query": "form", "header": "simple"}
BODY = "body"
DEEPEST = 12


@dataclass(slots=True)
class Taken:
    """`places` and `nested` as `OpenApiSource` has them; `converted` says what became arguments, what must be bound to
    the person, and what was left out."""

    converted: Converted
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    nested: dict[str, str] = field(default_factory=dict)
    whole_body: str = ""
    key_header: bool = False


@dataclass(slots=True)
class _Raw:
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    whole_body: str = ""
    key_header: bool = False

    def add(self, place: str, name: str, schema: Any, *, needed: bool, explode: bool = True) -> None:
        """One value under a name that no other has yet."""
        key = name if name not in self.properties else f"{place} {name}"
        self.properties[key] = schema
        self.places[key] = {"in": place, "name": name, **({} if explode else {"explode": False})}
        self.required += [key] if needed else []

    def refuse(self, sentence: str, *, needed: bool) -> None:
        (self.problems if needed else self.left_out).append(sentence)


def taken_by(operation: Mapping[str, Any], key: tuple[str, str] = ("", "")) -> Taken:
    """The arguments of a dereferenced operation. `key`: the place and the name where the credential goes, which is no
    argument. Never raises: what does not fit is said."""
    raw = _Raw()
    listed = operation.get("parameters", [])
    for parameter in listed if isinstance(listed, list) else []:
        if (str(parameter.get("in")), str(parameter.get("name")).lower()) != key:
            _parameter(raw, parameter)
    _body(raw, operation.get("requestBody"))
    nested: dict[str, str] = {}
    properties = {key: _renamed(schema, _ours(key), nested) for key, schema in raw.properties.items()}
    converted = convert({"type": "object", "properties": properties, "required": raw.required})
    converted.problems += raw.problems
    converted.left_out += raw.left_out
    wires = {converted.names.get(ours, ours): ours for ours in [*converted.to_bind, *converted.arguments["properties"]]}
    places = {ours: raw.places[wire] for wire, ours in wires.items() if wire in raw.places}
    nested = {path: wire for path, wire in nested.items() if path.partition(".")[0] in places}
    whole = wires.get(raw.whole_body, "") if raw.whole_body else ""
    return Taken(converted, places, nested, whole, raw.key_header)


def _parameter(raw: _Raw, parameter: Mapping[str, Any]) -> None:
    name, place = str(parameter.get("name")), str(parameter.get("in"))
    needed = parameter.get("required") is True or place == "path"
    said = ascii(name[:60])
    if place == "header" and name.lower() in TAKEN_HEADERS:
        raw.key_header = raw.key_header or name.lower() == "idempotency-key"
        return
    if parameter.get("deprecated") is True and not needed:
        return
    if place not in STYLES:
        raw.refuse(f"{said}: a value in a {place[:20]} is not sent", needed=needed)
        return
    style = parameter.get("style", STYLES[place])
    if style != STYLES[place]:
        raw.refuse(f"{said}: written in the style {str(style)[:30]!a}; only {STYLES[place]} is", needed=needed)
        return
    schema = parameter.get("schema")
    if not isinstance(schema, Mapping):
        raw.refuse(f"{said}: it does not say what it is, or is JSON within an address", needed=needed)
        return
    schema = _merged(schema)
    items = schema.get("items")
    if schema.get("type") == "object" or "properties" in schema or _is_deep(items):
        raw.refuse(f"{said}: an object within an address is not sent", needed=needed)
        return
    told = {"description": parameter["description"]} if isinstance(parameter.get("description"), str) else {}
    explode = parameter.get("explode", place == "query") is True or place != "query"
    raw.add(place, name, {**schema, **told}, needed=needed, explode=explode)


def _is_deep(items: Any) -> bool:
    return isinstance(items, Mapping) and (items.get("type") in ("object", "array") or "properties" in items)


def _body(raw: _Raw, body: Any) -> None:
    if not isinstance(body, Mapping):
        return
    needed = body.get("required") is True
    content = body.get("content", {})
    schema = _json_schema(content)
    if schema is None:
        kinds = ", ".join(sorted(str(kind)[:40] for kind in content)) if isinstance(content, Mapping) else ""
        raw.refuse(f"its body is {kinds or 'not described'}: only JSON is sent, no files, XML or forms", needed=needed)
        return
    schema = _merged(schema)
    properties = schema.get("properties")
    if schema.get("type") == "array":
        raw.add("body", BODY, schema, needed=needed)
        raw.whole_body = next(reversed(raw.places))
    elif isinstance(properties, Mapping) and properties:
        listed = schema.get("required", [])
        wanted = {str(one) for one in (listed if isinstance(listed, list) else [])} if needed else set()
        for name, inside in properties.items():
            if isinstance(inside, Mapping) and inside.get("readOnly") is not True:
                raw.add("body", str(name), inside, needed=name in wanted)
    else:
        raw.refuse("its body holds whatever one likes", needed=needed)


def _json_schema(content: Any) -> Mapping[str, Any] | None:
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        if str(kind).partition(";")[0].strip().lower() == "application/json" and isinstance(media, Mapping):
            schema = media.get("schema")
            return schema if isinstance(schema, Mapping) else None
    return None


def _merged(schema: Mapping[str, Any], deep: int = 0) -> dict[str, Any]:
    """The schema with `allOf` put together into one object, where that is what it says."""
    parts = schema.get("allOf")
    if not isinstance(parts, list) or deep > DEEPEST or not all(isinstance(part, Mapping) for part in parts):
        return dict(schema)
    whole: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    properties: dict[str, Any] = {}
    required: list[Any] = []
    for part in [*(_merged(one, deep + 1) for one in parts), whole]:
        inside, wanted = part.get("properties"), part.get("required")
        properties |= inside if isinstance(inside, Mapping) else {}
        required += wanted if isinstance(wanted, list) else []
        whole = {**part, **whole}
    if properties:
        whole |= {"type": "object", "properties": properties, "required": required}
    return whole


def _renamed(schema: Any, path: str, nested: dict[str, str], deep: int = 0) -> Any:
    """The schema with members of objects called as we call arguments; `nested` gets what the wire calls them."""
    if not isinstance(schema, Mapping) or deep > DEEPEST or CUT in schema:
        return schema
    schema = _merged(schema)
    if isinstance(items := schema.get("items"), Mapping):
        schema["items"] = _renamed(items, path, nested, deep + 1)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return schema
    ours: dict[str, str] = {}
    for wire, inside in properties.items():
        name = _ours(str(wire))
        if name and name not in ours.values() and not (isinstance(inside, Mapping) and inside.get("readOnly") is True):
            ours[str(wire)] = name
    schema["properties"] = {
        name: _renamed(properties[wire], f"{path}.{name}", nested, deep + 1) for wire, name in ours.items()
    }
    listed = schema.get("required")
    schema["required"] = [ours.get(str(one), str(one)) for one in listed] if isinstance(listed, list) else []
    nested |= {f"{path}.{name}": wire for wire, name in ours.items() if name != wire}
    return schema


def _ours(wire: str) -> str:
    return "_".join(words_of(wire))[:60]
