"""One process that files a ticket draft and then replaces it, or has it voided, until it is killed on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from actions.outdated import void_outdated
from core.events import Address
from core.fields import Filled
from core.people import ChannelIdentity
from storage import faultpoint
from tests.desk import Desk

WHO = ChannelIdentity("terminal", "local", "E1002")
WHERE = Address("terminal", "local", "E1002", user="E1002")
VALUES = {"queue": "IT", "summary": "Printer on floor two jams", "description": "Since this morning, both trays."}


def die_at(point: str) -> None:
    """SIGKILL at this point; a process that never comes there ends by itself and the test sees it."""

    def hook(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    faultpoint.install(hook)


async def run(home: Path, how: str, point: str) -> None:
    """File the draft in peace, then do the thing at which this process dies."""
    async with Desk.start(home=home, documents=()) as desk:
        draft = await desk.ask_for("E1002", "The printer on floor one jams, please open a ticket")
        die_at(point)
        if how == "edit":
            await desk.counter.desk.fill(Filled("terminal:local:edit", WHO, WHERE, "create_ticket", VALUES, draft))
            await desk.settle()
        else:
            parts = desk.counter.gate.parts
            await desk.database.run(lambda tx: void_outdated(parts, tx, "create_ticket"))


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
