"""A room in which one tool can be used against the embedded world: ask (read), draft (prepare), act (run)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.directory.embedded import EmbeddedDirectory
from connectors.embedded import World
from connectors.tickets.embedded import EmbeddedTickets
from core.front_page import RequestSummary
from core.people import Employee
from core.ports import Passage
from tools import ActionContext, Draft, Effect, Found, Tool, ToolContext
from tools.loading import load_builtin
from tools.systems import ChangeSystems, ReadSystems

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "Canary-7Qx-harbour"


@dataclass
class Shelf:
    """Passages to be found, and what was asked of it: the search itself has tests of its own."""

    passages: Sequence[Passage] = ()
    asked: list[tuple[str, frozenset[str], date | None]] = field(default_factory=list)

    async def search(self, query: str, groups: frozenset[str], k: int = 5, on: date | None = None) -> Sequence[Passage]:
        self.asked.append((query, groups, on))
        return [passage for passage in self.passages if passage.audience & groups][:k]


@dataclass
class Ledger:
    """The requests of each employee."""

    requests: dict[str, list[RequestSummary]] = field(default_factory=dict)

    async def mine(self, employee_id: str, limit: int = 10) -> Sequence[RequestSummary]:
        return self.requests.get(employee_id, [])[:limit]


class ToolRoom:
    """The embedded world, the built-in tools, and a hand to use them with."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.world = World(folder / "world.db", lambda: self.now, folder / "notes")
        self.directory = EmbeddedDirectory(self.world)
        self.accounts = EmbeddedAccounts(self.world)
        self.tickets = EmbeddedTickets(self.world)
        self.shelf = Shelf()
        self.ledger = Ledger()
        self.registry = load_builtin()

    async def employee(self, employee_id: str) -> Employee:
        """Somebody of the directory."""
        person = await self.directory.by_id(employee_id)
        assert person is not None
        return person

    def tool(self, name: str) -> Tool:
        """A built-in tool by name."""
        return self.registry.get(name).tool

    async def _reading(self, employee_id: str, language: str) -> ToolContext:
        systems = ReadSystems(self.directory, EmbeddedAccountReader(self.world), self.tickets, self.shelf, self.ledger)
        return ToolContext(await self.employee(employee_id), language, self.now, systems)

    async def ask(self, employee_id: str, name: str, /, *, language: str = "en", **arguments: Any) -> Found:
        """Use a read tool as the agent does: arguments checked first."""
        tool = self.tool(name)
        found: Found = await tool.run(await self._reading(employee_id, language), **tool.check(arguments))
        return found

    async def draft(
        self, employee_id: str, name: str, /, *, about: str = "", language: str = "en", **arguments: Any
    ) -> Draft:
        """What the requester is shown first. `about` is the subject, the requester where there is none."""
        tool = self.tool(name)
        assert tool.prepare is not None
        subject = await self.employee(about or employee_id)
        draft: Draft = await tool.prepare(await self._reading(employee_id, language), subject, **tool.check(arguments))
        return draft

    async def acting(self, employee_id: str, about: str = "", key: str = "action-1") -> ActionContext:
        """What the executor hands to a tool after approval."""
        subject = await self.employee(about or employee_id)
        accounts = await self.accounts.of(subject.employee_id)
        return ActionContext(
            key=key,
            requester=await self.employee(employee_id),
            subject=subject,
            account=accounts[0] if accounts else None,
            credential=SecretStr(SECRET),
            claimed_at=self.now,
            systems=ChangeSystems(self.directory, self.accounts, self.tickets),
        )

    async def act(
        self, employee_id: str, name: str, /, *, about: str = "", key: str = "action-1", **arguments: Any
    ) -> Effect:
        """Run the effect of a tool as the executor does."""
        tool = self.tool(name)
        effect: Effect = await tool.run(await self.acting(employee_id, about, key), **tool.check(arguments))
        return effect

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)

    def effects(self) -> list[tuple[str, str, str]]:
        """What happened outside, beyond all that anybody claims."""
        return [(effect.kind, effect.object_id, effect.key) for effect in self.world.effects()]


PASSAGE = Passage(
    passage_id="p1",
    path="leave-2026.md",
    heading="3 Carrying over",
    heading_path=("3 Carrying over",),
    text="You may carry over five days.\nAsk your manager.",
    score=1.0,
    similarity=0.8,
    title="Leave 2026",
    owner="HR Services",
    contact="hr@dhb.example",
    language="en",
    collection="all-staff",
    authority="policy",
    audience=frozenset({"all-staff"}),
)


def passage(**changes: Any) -> Passage:
    """A passage like the usual one, but for `changes`."""
    return replace(PASSAGE, **changes)
