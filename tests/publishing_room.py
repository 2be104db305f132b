"""A gate with a library behind it, and a folder of policies: to draft, propose, approve, publish and look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from actions.publishing import draft_of
from actions.records import State
from policies.library import Library
from policies.settings import PolicySettings
from policies.versions import versions
from policies.versions.drafting import Author, Drafted
from policies.versions.publishing import Order
from storage import Tx
from tests.added_room import ADMINS
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.policy_room import ALL, HashingEmbedder

FIRST, SECOND, THIRD = ADMINS
LEAVE = "# Leave\n\n## Days\n\nYou get twenty days of leave a year.\n\n## Saving\n\nYou may save five days.\n"
PAY = "---\naudience: [hr]\n---\n# Pay\n\n## Scales\n\nDirectors are paid in scale eighteen of the annex.\n"
ANYBODY = Author("operator:someone@desk", "terminal")


class House:
    """A gate with a library behind it, and a folder `handbook` to write in."""

    def __init__(self, room: GateOnly) -> None:
        self.room = room
        self.folder = room.home / "handbook"
        self.folder.mkdir()
        self.library = self.another()
        systems = replace(room.gate.parts.systems, publisher=self.library)
        room.gate.parts = replace(room.gate.parts, systems=systems)

    def another(self) -> Library:
        """One more process on the same folder and database."""
        return Library(self.room.database, self.room.home / "index", HashingEmbedder(), PolicySettings())

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    async def draft(self, author: str = "", only: str = "") -> Drafted:
        by = Author(f"employee:{author}", "terminal") if author else ANYBODY
        return await self.library.draft(self.folder, "handbook", by, only)

    async def asked(self, number: int = 0) -> dict[str, Any]:
        """The arguments of `publish_policies` for the newest version, or that one, as things are now."""

        def work(tx: Tx) -> dict[str, Any]:
            chosen = versions.version(tx, "handbook", number) if number else versions.newest(tx, "handbook")
            assert chosen is not None
            base = versions.in_force(tx, "handbook").hash
            return {
                "collection": "handbook",
                "version": chosen.number,
                "version_hash": chosen.hash,
                "base": base,
            }

        return await self.room.database.read(work)

    async def order(self, number: int = 0, action_id: str = "") -> Order:
        """The same, as the executor hands it on."""
        asked = await self.asked(number)
        return Order(asked["collection"], asked["version"], asked["version_hash"], asked["base"], action_id)

    async def facts(self, number: int = 0) -> dict[str, str]:
        """What the card shows besides the arguments."""
        order = await self.order(number)
        draft = await self.room.database.read(lambda tx: draft_of(tx, order))
        return {fact.label: fact.value for fact in draft.facts}

    async def approved(self, number: int = 0, *, proposer: str = FIRST) -> str:
        """Proposed, and approved by two others; nothing has run yet. Returns the action's id."""
        action_id = await self.room.propose(proposer, "publish_policies", **await self.asked(number))
        await self.room.click(proposer, action_id, "confirm")
        for approver in [one for one in ADMINS if one != proposer]:
            decision = await self.room.click(approver, action_id, "approve")
            assert decision.accepted, decision.text
        return action_id

    async def published(self, number: int = 0) -> str:
        action_id = await self.approved(number)
        await self.room.settle()
        assert await self.room.state(action_id) is State.DONE, (await self.room.action(action_id)).reason
        return action_id

    async def found(self, query: str, groups: frozenset[str] = ALL) -> list[str]:
        return [passage.text for passage in await self.library.search(query, groups)]


@contextmanager
def house_on() -> Iterator[House]:
    """An empty one."""
    with room_on() as room:
        house = House(room)
        yield house
        house.library.close()
