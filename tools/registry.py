"""The tools there are, and which of them one person is offered. What is not in here cannot run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from core.chat import ToolSchema
from core.errors import ConfigError, ToolRetry
from core.people import Employee
from tools.loaded import LoadedTool

NAME = re.compile(r"[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)*")
MAX_NAME = 64
EVERYTHING = "*"
_LOOK_ALIKES = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("8", "b"))


class Registry:
    """All loaded tools by name. Default deny: an unknown or switched-off name is refused.

    `switched_off` gives the names that are off at this moment (`*` is all of them); it is asked at every call, so
    that a kill switch works at once. Raises `ConfigError` for a name that is not plain, is taken, or looks like
    another one.
    """

    def __init__(self, tools: Iterable[LoadedTool], switched_off: Callable[[], Collection[str]] = frozenset) -> None:
        self._tools: dict[str, LoadedTool] = {}
        self._switched_off = switched_off
        shapes: dict[str, str] = {}
        for loaded in tools:
            name = loaded.name
            if len(name) > MAX_NAME or not NAME.fullmatch(name):
                raise ConfigError(f"the tool name {name!r} must be snake_case of a-z and 0-9, at most {MAX_NAME} long")
            if name in self._tools:
                raise ConfigError(f"there are two tools named {name!r}; rename one")
            if (twin := shapes.setdefault(_shape(name), name)) != name:
                raise ConfigError(f"the tool names {twin!r} and {name!r} look too much alike; rename one")
            self._tools[name] = loaded

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools that are on, in order of loading."""
        return tuple(loaded.name for loaded in self._on())

    def all(self) -> tuple[LoadedTool, ...]:
        """Every loaded tool, also those that are off: for an admin's list, never for a model."""
        return tuple(self._tools.values())

    def get(self, name: str) -> LoadedTool:
        """The tool of this name. Raises `ToolRetry` that names the tools there are."""
        for loaded in self._on():
            if loaded.name == name:
                return loaded
        raise ToolRetry(f"there is no tool of that name; there are: {', '.join(self.names)}")

    def offered_to(self, employee: Employee) -> list[LoadedTool]:
        """What this person may ask for: nothing at all for guests, service entries and deactivated people."""
        if not employee.may_use_tools:
            return []
        return [
            loaded
            for loaded in self._on()
            if not loaded.tool.groups or not loaded.tool.groups.isdisjoint(employee.groups)
        ]

    def schemas(self, employee: Employee) -> list[ToolSchema]:
        """What a model is told when it works for this person."""
        return [loaded.tool.schema for loaded in self.offered_to(employee)]

    def _on(self) -> list[LoadedTool]:
        off = self._switched_off()
        if EVERYTHING in off:
            return []
        return [loaded for loaded in self._tools.values() if loaded.enabled and loaded.name not in off]


def _shape(name: str) -> str:
    """The name as a hurried reader sees it."""
    shape = name.replace("_", "")
    for written, seen in _LOOK_ALIKES:
        shape = shape.replace(written, seen)
    return shape
