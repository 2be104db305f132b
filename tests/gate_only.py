"""The gate on its own, with the real ledger, rules, keys and the embedded world: what the gate's tests drive."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from actions import ledger
from actions.gate import Gate
from actions.keys import GateKeys
from actions.overview import OwnRequests
from actions.parts import GateSystems
from actions.records import Action, Origin, State
from actions.rules import RuleBook
from actions.settings import GateSettings
from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.directory.embedded import EmbeddedDirectory
from connectors.embedded import World
from connectors.notify.embedded import FolderNotifier
from connectors.tickets.embedded import EmbeddedTickets
from core.events import Address, Click, Verb
from core.people import ChannelIdentity, Employee
from core.ports import Decision, Passage
from core.sign_in import SignedIn
from storage import Database, metadata
from tools.loading import load_builtin
from tools.registry import Registry
from tools.systems import ChangeSystems, ReadSystems
from web_app.proof import APPROVE
from web_app.sign_in.cookies import hashed

SECRETS = re.compile(r"(?:is|is:) ([0-9]{6}|[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){3})")


@lru_cache(maxsize=1)
def _registry() -> Registry:
    """Read once: 150 ms of YAML for each gate would make the long tests longer."""
    return load_builtin()


class NoPolicies:
    """A handbook with nothing in it: the gate never searches."""

    async def search(self, query: str, groups: frozenset[str], k: int = 5, on: date | None = None) -> Sequence[Passage]:
        """Nothing."""
        return []


@dataclass
class GateOnly:
    """A gate, its world, and short ways to act as somebody. Wakes are collected and played by `settle`."""

    database: Database
    home: Path
    protected: frozenset[str] = frozenset({"domain-admins", "security"})
    clock_offset: timedelta = timedelta(0)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        metadata.create_all(self.database.engine)
        self.world = World(self.home / "outside.db", self._now, self.home / "notes")
        self.directory = EmbeddedDirectory(self.world)
        tickets = EmbeddedTickets(self.world)
        read = ReadSystems(
            self.directory,
            EmbeddedAccountReader(self.world),
            tickets,
            NoPolicies(),
            OwnRequests(self.database),
        )
        change = ChangeSystems(self.directory, EmbeddedAccounts(self.world, self.protected), tickets)
        systems = GateSystems(read, change, FolderNotifier(self.home / "notes", self.world.faults))
        self.gate = Gate(
            self.database,
            _registry(),
            systems,
            RuleBook(),
            GateKeys.load(self.home / "keys"),
            GateSettings(),
            self.woken.append,
        )

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    def advance_clock(self, by: timedelta) -> None:
        """Let time pass for the database and for the world."""
        self.clock_offset += by
        self.database.clock_offset = self.clock_offset

    async def employee(self, employee_id: str) -> Employee:
        """Somebody of the directory, fresh."""
        found = await self.directory.by_id(employee_id)
        assert found is not None, employee_id
        return found

    async def propose(self, employee_id: str, tool: str, said: str | None = None, **arguments: object) -> str:
        """Prepare and file a proposal; returns the action's id. Raises what the gate raises."""
        requester = await self.employee(employee_id)
        prepared = await self.gate.prepare(requester, tool, arguments, "en", None if said is None else [said])
        action_id = str(uuid.uuid4())
        identity = ChannelIdentity("terminal", "local", employee_id)
        origin = Origin(action_id, f"event-{action_id}", "conversation", _address(employee_id), identity)
        await self.database.run(lambda tx: self.gate.propose(tx, prepared, origin))
        return action_id

    async def click(self, employee_id: str, action_id: str, verb: str, **fields: str) -> Decision:
        """Press a button as somebody."""
        identity = ChannelIdentity("terminal", "local", employee_id)
        click = Click(f"click-{uuid.uuid4()}", identity, _address(employee_id), action_id, Verb(verb), fields)
        return await self.gate.decide(click, await self.employee(employee_id))

    async def approve(self, approver: str, action_id: str, **fields: str) -> Decision:
        """An approver's yes; where it takes a sign-in, as if they came back from the provider."""
        decision = await self.click(approver, action_id, "approve", **fields)
        if not decision.links:
            return decision
        reference = hashed(decision.links[0].address.rsplit("/", 1)[1])
        identity = ChannelIdentity("oidc", "https://login.example/realm", f"sub-{approver}")
        at = datetime.now(UTC) + self.clock_offset
        signed = SignedIn(approver, identity, "sign_in", at, APPROVE, reference, "urn:dhb:passkey")
        assert (await self.gate.approver_signed_in(signed, approver)).accepted
        return await self.gate.approve_signed_in(reference, approver, "en")

    async def settle(self) -> None:
        """Let the executor do all that it was woken for."""
        while self.woken:
            await self.gate.advance(self.woken.pop(0))

    async def prove(self, employee_id: str, action_id: str) -> Decision:
        """Confirm, read the code from the phone, and type it."""
        await self.click(employee_id, action_id, "confirm")
        await self.settle()
        return await self.click(employee_id, action_id, "prove", code=self.last_secret("sms"))

    async def state(self, action_id: str) -> State:
        """Where an action stands."""
        return (await self.action(action_id)).state

    async def action(self, action_id: str) -> Action:
        """An action's row."""
        return await self.database.read(lambda tx: ledger.get(tx, action_id))

    def messages(self, road: str) -> list[dict[str, str]]:
        """What lies in somebody's phone or mailbox, oldest first."""
        files = sorted((self.home / "notes" / road).glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        return [json.loads(file.read_text()) for file in files]

    def last_secret(self, road: str) -> str:
        """The code or credential of the newest message that holds one."""
        for message in reversed(self.messages(road)):
            if match := SECRETS.search(message["text"]):
                return match.group(1)
        raise AssertionError(f"no secret was sent by {road}")

    def effects(self) -> list[tuple[str, str]]:
        """What really happened outside: kind and object."""
        return [(effect.kind, effect.object_id) for effect in self.world.effects()]


def _address(employee_id: str) -> Address:
    return Address("terminal", "local", employee_id)
