"""YAML with the line of every key, so that a mistake in a file of cases can be named by its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from core.errors import ConfigError

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """A mapping of the file with the line of each of its keys."""

    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def at(self, key: str) -> int:
        """The line of a key, or where the mapping begins when the key is not in it."""
        return self.lines.get(key, self.line)


def entries(text: str, name: str) -> tuple[Entry, list[Entry]]:
    """The file's own mapping and one entry for each case. Raises `ConfigError` for what is no such file."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        whole = loader.construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise ConfigError(
            f"{name}{line}: this is not YAML ({what}); put a question that holds a colon, a comma, a question mark "
            "or a hash in double quotes"
        ) from error
    finally:
        loader.dispose()
    if not isinstance(whole, dict) or not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{name} line 1: begin with `version: {VERSION}`, and `cases:` with a list below it")
    top = _entry(root, whole)
    node = next((value for key, value in root.value if key.value == "cases"), None)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise ConfigError(f"{name} line {top.at('cases')}: `cases:` holds no list; begin each case with `- question:`")
    found = []
    for each, values in zip(node.value, whole["cases"], strict=True):
        if not isinstance(values, dict):
            line = each.start_mark.line + 1
            raise ConfigError(f"{name} line {line}: a case is a list of keys; begin with `- question:`")
        found.append(_entry(each, values))
    return top, found


def _entry(node: yaml.MappingNode, values: Mapping[str, Any]) -> Entry:
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return Entry(node.start_mark.line + 1, values, lines)
