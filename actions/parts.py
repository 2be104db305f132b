"""What the gate is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from actions.keys import GateKeys
from actions.roads import Pages
from actions.rules import RuleBook
from actions.settings import GateSettings
from actions.step_up import StepUp
from connectors.notify import Notifier
from core.errors import ConfigError
from core.events import Address
from core.measures import Measures, Relay
from core.people import Employee
from policies.versions.publishing import Order
from policies.versions.versions import Publication
from storage import Database, Tx
from tools.manifest import RateLimit
from tools.spec import Tool
from tools.systems import ChangeSystems, ReadSystems


class Publisher(Protocol):
    """What puts policies in force."""

    async def publish(self, order: Order, also: Callable[[Tx], None]) -> Publication:
        """See `policies.library.Library.publish`."""


@dataclass(frozen=True, slots=True)
class GateSystems:
    """Reading for the checks; changing and notifying for the executor, and for nobody else. `pages` are where people
    can be sent to with a link; `step_up`: where a sign-in may prove identity. `publisher`: only the
    executor's."""

    read: ReadSystems
    change: ChangeSystems | None
    notifier: Notifier | None
    pages: Pages = field(default_factory=Pages)
    step_up: StepUp | None = None
    publisher: Publisher | None = None

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

    @property
    def rate_limit(self) -> RateLimit | None:
        """How often one person may use it."""


class ToolSource(Protocol):
    """Where the gate finds tools: the registry. Raises `ToolRetry` for one there is not: default deny."""

    def get(self, name: str, employee: Employee | None = None, address: Address | None = None) -> Loaded:
        """One tool by name, in the version that this person is offered there; without one, everybody's."""

    def sealed(self, name: str, definition_hash: str) -> Loaded:
        """The version in force with that definition; else whatever has the name now, and the seal breaks."""


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

    def tool(self, name: str, definition_hash: str = "") -> Tool:
        """A tool by name: the gate's own, or one of the registry, if it can be in the version with that definition.

        Raises `ToolRetry` when there is none.
        """
        if name in self.own_tools:
            return self.own_tools[name]
        return (self.registry.sealed(name, definition_hash) if definition_hash else self.registry.get(name)).tool

    def offered(self, name: str, employee: Employee, address: Address | None) -> tuple[Tool, RateLimit | None]:
        """A tool as this person is offered it there, and how often they may use it. Raises `ToolRetry`."""
        if name in self.own_tools:
            return self.own_tools[name], None
        loaded = self.registry.get(name, employee, address)
        return loaded.tool, loaded.rate_limit
