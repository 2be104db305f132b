"""Added tools for tests: a document, a kind whose source is a record in memory, and short ways to release one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from actions.records import State
from core.errors import ConfigError, ConnectorError
from storage import Tx
from tests.gate_only import GateOnly
from tools import ActionContext, Effect, Found, ToolContext
from tools.added import kinds, versions
from tools.added.document import ToolDocument
from tools.added.kinds import Way
from tools.added.loading import made
from tools.added.versions import Version
from tools.loaded import LoadedTool

ADMINS = ("E1009", "E1010", "E1011")


def reading(name: str = "my_leave_balance", **changes: Any) -> ToolDocument:
    """A tool that reads, bound to who asks."""
    values = {
        "version": 1,
        "name": name,
        "kind": "openapi",
        "title": {"en": "Leave balance", "nl": "Verlofsaldo"},
        "description": "How many hours of leave the person who asks has left this year.",
        "risk": "read",
        "examples": {
            "en": ["how many hours of leave have I got", "my leave balance please", "leave hours left over"],
            "nl": ["hoeveel verlofuren heb ik nog", "mijn verlofsaldo graag", "verlofuren die ik over heb"],
        },
        "hosts": ["hr.example.gov"],
        "bindings": {"employee_no": "requester.employee_id"},
        "arguments": {"type": "object", "properties": {"year": {"type": "integer", "minimum": 2000, "maximum": 2100}}},
        "source": {"answer": "120", "operation": {"path": "/leave", "method": "get", "parameters": [{"in": "query"}]}},
        "credential": {"read": {"from": "env", "name": "HR_TOKEN"}},
        "contract": [{"arguments": {"year": 2026}, "answer": {"hours": 120}}],
    }
    return ToolDocument.model_validate({**values, **changes})


def changing(name: str = "book_a_slot", **changes: Any) -> ToolDocument:
    """A tool that changes something, with its own rule."""
    given: dict[str, Any] = {
        "risk": "sensitive",
        "title": {"en": "Book a slot", "nl": "Plek boeken"},
        "description": "Books a slot at the desk for the person who asks.",
        "rule": {"tier": "sensitive", "approvers": ["it-approvers"]},
        "arguments": {
            "type": "object",
            "properties": {"what": {"type": "string", "maxLength": 100}, "often": {"type": "integer"}},
            "required": ["what"],
        },
        "labels": {"what": {"en": "For what", "nl": "Waarvoor"}},
        "contract": [],
        **changes,
    }
    return reading(name, **given)


@dataclass
class InventedKind:
    """A source that is a record in memory: `drift` by tool says what changed there, `calls` what was done."""

    name: str = "openapi"
    drift: dict[str, str] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    crashing: set[str] = field(default_factory=set)
    loads: list[str] = field(default_factory=list)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """See `Kind`."""
        self.loads.append(document.name)
        if document.name in self.broken:
            raise ConfigError("its source is no operation any more: add it again")
        if document.name in self.crashing:
            raise KeyError("paths")

        async def find(ctx: ToolContext, **arguments: Any) -> Found:
            self.calls.append((document.name, arguments))
            return Found(text=f"{document.source['answer']} hours of leave", personal=True)

        async def act(ctx: ActionContext, **arguments: Any) -> Effect:
            self.calls.append((document.name, arguments))
            return Effect(reference=str(document.source["answer"]))

        return made(document, find if document.risk == "read" else act)

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """See `Kind`."""
        if document.name in self.unreachable:
            raise ConnectorError("hr", "no answer")
        if document.name in self.crashing:
            raise KeyError("paths")
        if document.name == "slow":
            await asyncio.sleep(30)
        return self.drift.get(document.name, "")


KIND = InventedKind()


@contextmanager
def invented() -> Iterator[InventedKind]:
    """An invented kind in the place of `openapi`, found as any kind is."""
    global KIND
    known, KIND = dict(kinds.KINDS), InventedKind()
    kinds.KINDS["openapi"] = __name__  # type: ignore[index]
    try:
        yield KIND
    finally:
        kinds.KINDS.update(known)  # type: ignore[attr-defined]


def drafted(tx: Tx, document: ToolDocument, author: str = "employee:E1009", *, passed: bool = True) -> Version:
    """A draft whose check has passed."""
    version = versions.draft(tx, document, author, "terminal")
    versions.record_check(tx, version.name, version.hash, passed=passed, report={"lines": []}, by=author)
    return version


def proposal(version: Version, groups: tuple[str, ...] = (), places: tuple[str, ...] = ()) -> dict[str, Any]:
    """The arguments of `release_tool` for this version."""
    return {
        "name": version.name,
        "version": version.number,
        "document_hash": version.hash,
        "groups": list(groups),
        "places": list(places),
    }


async def released(room: GateOnly, version: Version, groups: tuple[str, ...] = (), places: tuple[str, ...] = ()) -> str:
    """The whole way: proposed by the first admin, approved by two others, executed. Returns the action's id."""
    proposer, second, third = ADMINS
    action_id = await room.propose(proposer, "release_tool", **proposal(version, groups, places))
    await room.click(proposer, action_id, "confirm")
    for approver in (second, third):
        decision = await room.click(approver, action_id, "approve")
        assert decision.accepted, decision.text
    await room.settle()
    assert await room.state(action_id) is State.DONE, (await room.action(action_id)).reason
    return action_id
