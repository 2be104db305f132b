"""A YAML text read into a strict form: what does not fit is named by its line, with what to change."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import ConfigError
from core.own_yaml import LOADER, load_yaml

Form = TypeVar("Form", bound=BaseModel)
_NEEDS = {"tools": "`version: 1` and `tools:`"}


def read_as(form: type[Form], text: str, name: str, within: str = "") -> Form:
    """The form that `text` holds; `name` is what errors call the text, `within` a mapping whose entries are tools.

    Raises `ConfigError` that names the line and what to change, also for a key that stands there twice (with plain
    YAML the last one wins) and for references (`*name`).
    """
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=LOADER)):
            raise ConfigError(f"{name} uses YAML aliases (`*name`): write the value out instead")
        root = yaml.compose(text, Loader=LOADER)
        if root is None:
            raise ConfigError(f"{name} is empty: it needs {_NEEDS.get(within, '`version: 1` and a `name`')}")
        _refuse_repeated_keys(root, name)
        values = load_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{name}{where}: this is not valid YAML: {getattr(error, 'problem', error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{name} is nested too deeply") from error
    except (ValueError, TypeError, AttributeError) as error:  # a date that is none, a key that is a list
        raise ConfigError(f"{name} holds a value that cannot be read ({error}): put it between quotes") from error
    try:
        return form.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)[:5]
        known = _keys_of(form.model_json_schema())
        raise ConfigError("; ".join(_explain(problem, root, name, within, known) for problem in found)) from error


def _refuse_repeated_keys(node: yaml.Node, name: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(child, name)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, child in node.value:
        if key.value in seen:
            raise ConfigError(f"{name}, line {key.start_mark.line + 1}: {key.value!r} stands here twice; keep one")
        seen.add(str(key.value))
        _refuse_repeated_keys(child, name)


def _keys_of(schema: Any) -> set[str]:
    """Every key that a form knows, wherever it stands."""
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def _explain(problem: Any, root: yaml.Node, name: str, within: str, known: Collection[str]) -> str:
    place = [str(part) for part in problem["loc"] if part != "[key]"]
    tool = f", tool {place[1]!r}" if len(place) > 1 and place[0] == within else ""
    field = ".".join(place[2:] if tool else place)
    return f"{name}, line {_line_of(root, place)}{tool}: {field or 'the file'}: {_remedy(problem, known)}"


def _line_of(node: yaml.Node, place: list[str]) -> int:
    """The line of the deepest part of `place` that the file has, counted from 1."""
    line = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, child) for key, child in node.value if key.value == part]
            if not found:
                return line
            line, node = found[0][0].start_mark.line + 1, found[0][1]
            continue
        else:
            return line
        line = node.start_mark.line + 1
    return line


def _remedy(problem: Any, known: Collection[str]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            meant = get_close_matches(str(problem["loc"][-1]), known, 1)
            return f"this key is not known; {f'did you mean `{meant[0]}`?' if meant else 'remove it'}"
        case "literal_error" | "enum":
            choices = str(problem["ctx"]["expected"])
            meant = get_close_matches(str(problem["input"]), re.findall(r"'([^']*)'", choices), 1)
            return f"{problem['input']!r} is none of {choices}{f'; did you mean {meant[0]!r}?' if meant else ''}"
        case "missing":
            return "this key is missing; add it"
        case "string_type":
            return f"this must be text; put {problem['input']!r} between quotes"
        case _:
            return str(problem["msg"]).removeprefix("Value error, ")
