"""What the gate is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from actions.keys import GateKeys
from actions.rules import RuleBook
from actions.settings import GateSettings
from connectors.notify import Notifier
from core.errors import ConfigError
from core.measures import Measures, Relay
from storage import Database
from tools.spec import Tool
from tools.systems import ChangeSystems, ReadSystems


@dataclass(frozen=True, slots=True)
class GateSystems:
    """Reading for the checks; changing and notifying for the executor, and for nobody else."""

    read: ReadSystems
    change: ChangeSystems | None
    notifier: Notifier | None

    @property
    def changing(self) -> ChangeSystems:
        """What changes something outside. Raises `ConfigError` in a process that must not have it."""
        if self.change is None:
            raise ConfigError("this process holds no account that changes anything: it is the executor's work")
        return self.change

    @property
    def sending(self) -> Notifier:
        """What sends codes and credentials. Raises `ConfigError` in a process that must not have it."""
        if self.notifier is None:
            raise ConfigError("this process sends no codes and no credentials: it is the executor's work")
        return self.notifier


class Loaded(Protocol):
    """A tool as the registry hands it out."""

    @property
    def tool(self) -> Tool:
        """The declared tool."""


class ToolSource(Protocol):
    """Where the gate finds tools: the registry. `get` raises `ToolRetry` for one there is not: default deny."""

    def get(self, name: str) -> Loaded:
        """One tool by name."""


@dataclass(frozen=True, slots=True)
class GateParts:
    """Everything the rooms of the gate share. `wake` asks the engine to advance an action; it may be called from
    any thread and any number of times."""

    database: Database
    registry: ToolSource
    systems: GateSystems
    rules: RuleBook
    keys: GateKeys
    settings: GateSettings
    wake: Callable[[str], None]
    own_tools: Mapping[str, Tool] = field(default_factory=dict)
    measures: Measures = field(default_factory=Relay)

    def tool(self, name: str) -> Tool:
        """A tool by name: the gate's own, or one of the registry. Raises `ToolRetry` when there is none."""
        return self.own_tools.get(name) or self.registry.get(name).tool
