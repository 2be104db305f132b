"""The tools there are, and which of them one person is offered. What is not in here cannot run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from core.chat import ToolSchema
from core.errors import ConfigError, ToolRetry
from core.events import Address
from core.people import Employee
from tools.added.audience import EVERYBODY, Audience
from tools.loaded import LoadedTool

NAME = re.compile(r"[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)*")
MAX_NAME = 64
EVERYTHING = "*"
GATES_OWN = frozenset({"change_rules", "switch_on", "link_account", "release_tool", "publish_policies"})
"""Names of the gate's own tools: no tool of a registry may have one, or look like one."""
_LOOK_ALIKES = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("8", "b"))


@dataclass(frozen=True, slots=True)
class Shelved:
    """An added tool in force, and to whom it is offered."""

    loaded: LoadedTool
    audience: Audience = EVERYBODY


@dataclass(frozen=True, slots=True)
class Added:
    """The added tools in force. A name may be there twice: the version that some are offered first, then the one for
    everybody. `edition` is the number of the last release."""

    edition: int = 0
    tools: tuple[Shelved, ...] = ()


class AddedTools(Protocol):
    """Where a registry finds the added tools in force: the shelf."""

    def __call__(self) -> Added:
        """Those of this moment. Asked at every use; must not make anybody wait."""

    def before_change(self, hook: Callable[[Added], None]) -> None:
        """`hook` is called in a thread of its own with what is about to be in force, and may take its time."""


class NothingAdded:
    """A house without added tools."""

    def __call__(self) -> Added:
        """Nothing, ever."""
        return Added()

    def before_change(self, hook: Callable[[Added], None]) -> None:
        """Nothing ever changes."""


class Registry:
    """All loaded tools by name. Default deny: an unknown or switched-off name is refused.

    `switched_off` gives the names that are off at this moment (`*` is all of them); `added` the tools that admins
    brought in. Both are asked at every call, so that a kill switch and a release work at once. Raises `ConfigError`
    for a name that is not plain, is taken, or looks like another one.
    """

    def __init__(
        self,
        tools: Iterable[LoadedTool],
        switched_off: Callable[[], Collection[str]] = frozenset,
        added: AddedTools | None = None,
    ) -> None:
        self._tools: dict[str, LoadedTool] = {}
        self._switched_off = switched_off
        self._added = added or NothingAdded()
        for loaded in tools:
            refuse_name(loaded.name, self._tools)
            self._tools[loaded.name] = loaded

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools that are on, in order of loading."""
        return tuple(loaded.name for loaded in self.available())

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of the tools that came with the house."""
        return tuple(self._tools)

    @property
    def edition(self) -> int:
        """Grows with every release of an added tool."""
        return self._added().edition

    def all(self) -> tuple[LoadedTool, ...]:
        """Every loaded tool, also those that are off: for an admin's list, never for a model."""
        return tuple(self._everybodys().values())

    def get(self, name: str, employee: Employee | None = None, address: Address | None = None) -> LoadedTool:
        """The tool of this name: the version that this person is offered there, or without one everybody's.

        Raises `ToolRetry` that names the tools there are.
        """
        there = self.available(employee, address)
        for loaded in there:
            if loaded.name == name:
                return loaded
        known = ", ".join(loaded.name for loaded in there)
        raise ToolRetry(f"there is no tool of that name; there are: {known}")

    def sealed(self, name: str, definition_hash: str) -> LoadedTool:
        """The version in force that an action was sealed with, else whatever has its name now (the seal then breaks).

        Raises `ToolRetry` as `get` does.
        """
        for one in self._added().tools:
            if one.loaded.name == name and one.loaded.tool.definition_hash == definition_hash:
                return self._on([one.loaded])[0] if self._on([one.loaded]) else self.get(name)
        return self.get(name)

    def is_added(self, name: str) -> bool:
        """Was this tool brought in by an admin?"""
        return name not in self._tools

    def available(self, employee: Employee | None = None, address: Address | None = None) -> list[LoadedTool]:
        """The tools that are on, each in the version that this person is offered there; entitled to it or not.

        Without a person: everybody's versions, and those that only some are offered where there is no other.
        """
        if employee is None and address is None:
            return self._on(self._everybodys().values())
        found = dict(self._tools)
        for one in self._added().tools:
            if one.audience.holds(employee, address):
                found.setdefault(one.loaded.name, one.loaded)
        return self._on(found.values())

    def views(self) -> list[list[LoadedTool]]:
        """The sets of tools that people have before them: who is offered no new version first, and who is all of them.

        One, where nothing is offered to some first. For whoever learns from the tools ahead of the first message.
        """
        outside, inside = dict(self._tools), dict(self._tools)
        for one in self._added().tools:
            inside.setdefault(one.loaded.name, one.loaded)
            if one.audience.is_everybody:
                outside.setdefault(one.loaded.name, one.loaded)
        views = [self._on(outside.values()), self._on(inside.values())]
        return views if views[0] != views[1] else views[:1]

    def offered_to(self, employee: Employee, address: Address | None = None) -> list[LoadedTool]:
        """What this person may ask for: nothing at all for guests, service entries and deactivated people."""
        if not employee.may_use_tools:
            return []
        return [
            loaded
            for loaded in self.available(employee, address)
            if not loaded.tool.groups or not loaded.tool.groups.isdisjoint(employee.groups)
        ]

    def schemas(self, employee: Employee) -> list[ToolSchema]:
        """What a model is told when it works for this person."""
        return [loaded.tool.schema for loaded in self.offered_to(employee)]

    def before_change(self, hook: Callable[[Registry], None]) -> None:
        """`hook` is called, in a thread of its own, with the registry as it is about to be: time to learn the examples
        of new tools before anybody meets them."""
        self._added.before_change(lambda added: hook(self.as_of(added)))

    def as_of(self, added: Added) -> Registry:
        """This registry with exactly these added tools."""
        return Registry(self._tools.values(), self._switched_off, _Fixed(added))

    def _everybodys(self) -> dict[str, LoadedTool]:
        found = dict(self._tools)
        for one in self._added().tools:
            if one.audience.is_everybody or one.loaded.name not in found:
                found[one.loaded.name] = one.loaded
        return found

    def _on(self, tools: Iterable[LoadedTool]) -> list[LoadedTool]:
        off = self._switched_off()
        if EVERYTHING in off:
            return []
        return [loaded for loaded in tools if loaded.enabled and loaded.name not in off]


class _Fixed(NothingAdded):
    def __init__(self, added: Added) -> None:
        self._fixed = added

    def __call__(self) -> Added:
        return self._fixed


def refuse_name(name: str, taken: Iterable[str]) -> None:
    """Raises `ConfigError` for a name that is not plain, is taken (also by the gate), or looks like one that is."""
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        raise ConfigError(f"the tool name {name!r} must be snake_case of a-z and 0-9, at most {MAX_NAME} long")
    for other in (*taken, *GATES_OWN):
        if other == name:
            raise ConfigError(f"there are two tools named {name!r}; rename one")
        if _shape(other) == _shape(name):
            raise ConfigError(f"the tool names {other!r} and {name!r} look too much alike; rename one")


def _shape(name: str) -> str:
    """The name as a hurried reader sees it."""
    shape = name.replace("_", "")
    for written, seen in _LOOK_ALIKES:
        shape = shape.replace(written, seen)
    return shape
