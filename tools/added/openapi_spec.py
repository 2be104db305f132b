"""An OpenAPI document (3.0 or 3.1, JSON or YAML) as its operations, each whole: none refers elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from core.errors import ConfigError
from core.own_yaml import LOADER, load_yaml
from tools.added.openapi_references import Reader, Unfit

LONGEST = 4_000_000
MOST_NESTED = 200
MOST_OPERATIONS = 2_000
METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `whole` is the dereferenced operation, with the parameters of its path among its own;
    `server` the one address that it goes to; `security` the ways to sign in of which any one will do, each the raw
    schemes by name. `problems` say why it cannot be a tool."""

    method: str
    path: str
    whole: Mapping[str, Any]
    server: str = ""
    security: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = field(default=())


def read_operations(text: str, name: str, fetched_from: str = "") -> tuple[Operation, ...]:
    """Every operation of the document, in its order. `fetched_from` is its own address: servers may be relative to it.

    Raises `ConfigError` for a text that is no OpenAPI 3.0 or 3.1.
    """
    root = _root(text, name)
    version = str(root.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        said = f"OpenAPI {version}" if version else ("Swagger 2" if "swagger" in root else "no OpenAPI")
        raise ConfigError(f"{name} is {said[:40]}: what is read here is OpenAPI 3.0 and 3.1; convert it first")
    paths = root.get("paths", {})
    if not isinstance(paths, Mapping):
        raise ConfigError(f"{name}: `paths` must be a mapping")
    found: list[Operation] = []
    for path, item in paths.items():
        found += _of_path(root, str(path), item, fetched_from)
        if len(found) > MOST_OPERATIONS:
            raise ConfigError(f"{name} has more than {MOST_OPERATIONS} operations: take a part of it")
    return tuple(found)


def _root(text: str, name: str) -> Mapping[str, Any]:
    if len(text) > LONGEST:
        raise ConfigError(f"{name} is larger than {LONGEST} characters: take a part of it")
    try:
        root = _json_or_yaml(text, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            f"{name}{f', line {mark.line + 1}' if mark else ''}: this is neither JSON nor YAML"
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{name} is nested too deeply") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{name} holds a value that cannot be read: put it between quotes") from error
    if not isinstance(root, Mapping):
        raise ConfigError(f"{name} is no OpenAPI: it has no `openapi` and no `paths`")
    return root


def _json_or_yaml(text: str, name: str) -> Any:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return _plain(json.loads(text.lstrip("\ufeff")))
        except json.JSONDecodeError:
            pass  # YAML may begin with a brace too
    deep = 0
    for event in yaml.parse(text, Loader=LOADER):  # as they come: text that only nests takes long to read to its end
        deep += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if deep > MOST_NESTED:
            raise RecursionError
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{name} uses YAML aliases (`*name`): write the values out, or use $ref")
    return _plain(load_yaml(text))


def _plain(value: Any, deep: int = 0) -> Any:
    """JSON values only: keys are text (`200:`), a day is its text, and no number is endless."""
    if deep > MOST_NESTED:
        raise RecursionError
    if isinstance(value, Mapping):
        return {_key(key): _plain(inside, deep + 1) for key, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside, deep + 1) for inside in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**53 else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError("not a value of JSON")


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _of_path(root: Mapping[str, Any], path: str, item: Any, fetched_from: str) -> Iterator[Operation]:
    if not isinstance(item, Mapping) or not path.startswith("/"):
        return
    for method in METHODS:
        if isinstance(operation := item.get(method), Mapping):
            yield _operation(root, path, method, item, operation, fetched_from)


def _operation(
    root: Mapping[str, Any],
    path: str,
    method: str,
    item: Mapping[str, Any],
    operation: Mapping[str, Any],
    fetched_from: str,
) -> Operation:
    problems: list[str] = []
    whole: dict[str, Any] = {}
    server = ""
    security: tuple[Mapping[str, Any], ...] = ()
    try:
        if "$ref" in item:
            raise Unfit("its path refers to another place")
        reader = Reader(root)
        parts = {key: value for key, value in operation.items() if key not in ("callbacks", "servers", "security")}
        whole = {key: reader.read(value) for key, value in parts.items() if key != "parameters"}
        whole["parameters"] = _parameters(reader, item, operation)
    except Unfit as unfit:
        problems.append(str(unfit))
    try:
        server = _server(operation.get("servers") or item.get("servers") or root.get("servers"), fetched_from)
    except Unfit as unfit:
        problems.append(str(unfit))
    try:
        security = _security(root, operation.get("security", root.get("security", [])))
    except Unfit as unfit:
        problems.append(str(unfit))
    return Operation(method, path, whole, server, security, tuple(problems))


def _parameters(reader: Reader, item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Any]:
    """Those of the path and those of the operation, which win."""
    found: dict[tuple[str, str], Any] = {}
    for holder in (item, operation):
        listed = holder.get("parameters", [])
        for raw in listed if isinstance(listed, list) else []:
            one = reader.read(raw)
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
                raise Unfit("one of its parameters has no name")
            found[str(one.get("in")), one["name"]] = one
    return list(found.values())


def _server(servers: Any, fetched_from: str) -> str:
    """The first server, whole. Raises `Unfit`."""
    listed = servers if isinstance(servers, list) and servers else [{"url": "/"}]
    first = listed[0] if isinstance(listed[0], Mapping) else {}
    url = str(first.get("url", ""))
    variables: Any = first.get("variables", {})
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        choices = variable.get("enum") if isinstance(variable, Mapping) else None
        if f"{{{name}}}" in url and isinstance(choices, list) and len(choices) == 1:
            url = url.replace(f"{{{name}}}", str(choices[0]))
    if "{" in url:
        raise Unfit("its server has a part that one may choose: write the whole address of yours into the document")
    try:
        parts = urlsplit(whole := urljoin(fetched_from, url) if fetched_from else url)
    except ValueError:
        raise Unfit("the address of its server cannot be read") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Unfit("it does not say on which server it is: add `servers` with the whole address")
    if parts.query or parts.fragment or parts.username is not None:
        raise Unfit("the address of its server holds more than a host and a path")
    return whole.rstrip("/")


def _security(root: Mapping[str, Any], required: Any) -> tuple[Mapping[str, Any], ...]:
    components = root.get("components", {})
    schemes = components.get("securitySchemes", {}) if isinstance(components, Mapping) else {}
    reader, found = Reader(root), []
    for alternative in required if isinstance(required, list) else []:
        if not isinstance(alternative, Mapping):
            raise Unfit("how one signs in cannot be read")
        named: dict[str, Any] = {}
        for name, scopes in alternative.items():
            if not isinstance(schemes, Mapping) or name not in schemes:
                raise Unfit(f"it signs in by {name[:60]!a}, which is not described")
            named[name] = {"scheme": reader.read(schemes[name]), "scopes": scopes if isinstance(scopes, list) else []}
        found.append(named)
    return tuple(found)
