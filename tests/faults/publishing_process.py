"""One process that publishes an approved version of the policies, until it is killed on the way."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from policies.versions.drafting import Author
from storage import faultpoint
from tests.desk import Desk
from tests.faults.replacing_process import die_at

ADMINS = ("E1009", "E1010", "E1011")
DOCUMENTS = {
    "leave.md": "# Leave\n\n## Days\n\nYou get twenty days of leave a year.\n",
    "pay.md": "# Pay\n\n## Scales\n\nDirectors are paid in scale eighteen.\n",
}
NEW = {
    "leave.md": "# Leave\n\n## Days\n\nYou get thirty days of leave a year.\n",
    "travel.md": "# Travel\n\n## Fares\n\nFares of trains are paid by the office.\n",
}


async def run(home: Path, point: str) -> None:
    """Draft, propose and approve in peace; the executor dies at the point."""
    async with Desk.start(home=home, documents=DOCUMENTS) as desk:
        counter, source = desk.counter, home / "documents"
        (source / "pay.md").unlink()
        for name, text in NEW.items():
            (source / name).write_text(text, encoding="utf-8")
        collection = (await counter.library.documents())[0].collection
        drafted = await counter.library.draft(source, collection, Author("operator:test@here", "terminal"))
        die_at(point)
        await publish(desk, collection, drafted.version.number, drafted.version.hash, drafted.version.base)
        faultpoint.install(None)


async def publish(desk: Desk, collection: str, number: int, hash_: str, base: str) -> str:
    """Proposed by one admin and approved by two others; what follows is the executor's. Returns the action's id."""
    from actions.records import Origin
    from loket.terminal.channel import address_of, identity_of

    first, second, third = ADMINS
    employee = await desk.counter.directory.by_id(first)
    assert employee is not None
    asked = {"collection": collection, "version": number, "version_hash": hash_, "base": base}
    prepared = await desk.counter.gate.prepare(employee, "publish_policies", asked, "en")
    origin = Origin("publication", "terminal:local:publication", "c", address_of(first), identity_of(first))
    await desk.database.run(lambda tx: desk.counter.gate.propose(tx, prepared, origin))
    await desk.click(first, "publication", "confirm")
    for approver in (second, third):
        await desk.click(approver, "publication", "approve")
    return "publication"


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
