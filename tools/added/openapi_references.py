"""A part of an OpenAPI document copied whole: every reference replaced by what it refers to, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 40
MOST_NODES = 60_000
CUT = "x-cut"
"""Stands where a part refers back to itself: what is inside is not repeated for ever."""


class Unfit(Exception):
    """This part cannot be used; the text says why."""


class Reader:
    """Copies a part with every reference replaced by what it refers to. Cycles, depth and size are bounded."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = 0

    def read(self, node: Any, deep: int = 0, inside: tuple[str, ...] = ()) -> Any:
        """The copy. Raises `Unfit`."""
        self._nodes += 1
        if self._nodes > MOST_NODES or deep > DEEPEST:
            raise Unfit("it is too large or nested too deeply to be pinned whole")
        if isinstance(node, list):
            return [self.read(one, deep + 1, inside) for one in node]
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            return self._referred(node, reference, deep, inside)
        return {key: self.read(one, deep + 1, inside) for key, one in node.items()}

    def _referred(self, node: Mapping[str, Any], reference: str, deep: int, inside: tuple[str, ...]) -> Any:
        if reference in inside:
            return {CUT: f"as {reference} again"}
        found = self.read(self._at(reference), deep + 1, (*inside, reference))
        beside = {key: node[key] for key in ("description", "summary") if isinstance(node.get(key), str)}
        return {**found, **beside} if isinstance(found, Mapping) else found

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise Unfit("it refers to another document: put the parts together in one first")
        found: Any = self._root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, Mapping) and key in found:
                found = found[key]
            else:
                raise Unfit(f"it refers to {reference[:100]}, which is not there")
        return found
