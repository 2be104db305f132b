"""One run: the service comes up, the plan is driven through its door, and the tables are counted afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from loket.bench import MeasurementFailed
from loket.bench.load.accounts import Accounts, quiet, settle_accounts
from loket.bench.load.arrivals import Arrival, Heard, drive, listen
from loket.bench.load.door_client import DoorClient
from loket.bench.load.service import SOURCE, Place, served
from loket.bench.load.watching import Watch
from loket.service.garbage_collection import spare_what_is_loaded
from storage import Database

WARM_UP = 40
BACKLOG_SECONDS = 900.0
Progress = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one plan gave. `backlog`: seconds from the last arrival until nothing waited; None when that never came."""

    heard: Heard
    accounts: Accounts
    watch: Watch
    deliveries: int
    backlog: float | None


@asynccontextmanager
async def open_service(place: Place) -> AsyncIterator[tuple[DoorClient, Database]]:
    """The service, warm, with a client at its door and a look into its tables."""
    with contextlib.ExitStack() as running:
        await asyncio.to_thread(running.enter_context, served(place))
        client = DoorClient(place.address, SOURCE, place.secret)
        database = Database(place.database_url, pool_size=2)
        try:
            yield client, database
        finally:
            await client.close()
            await asyncio.to_thread(database.close)
            await asyncio.to_thread(running.close)


async def run_plan(place: Place, people: Sequence[str], plan: Sequence[Arrival], progress: Progress) -> Run:
    """Drive the plan, and count when it is quiet. The first questions warm the processes up and are not counted."""
    async with open_service(place) as (client, database):
        await _warm_up(client, database, people, progress)
        spare_what_is_loaded()  # the driver's own pauses would count as the service's
        heard, watch = Heard(), Watch(place, database)
        tasks = [asyncio.create_task(listen(client, heard)), asyncio.create_task(watch.run())]
        try:
            await drive(client, plan, heard, lambda sent: progress("driving", sent, len(plan)))
            progress("until nothing waits", 0, 1)
            backlog = await quiet(database, BACKLOG_SECONDS)
            await asyncio.sleep(1)  # what was posted last is still on its way to us
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        progress("counting", 0, 1)
        accounts = await asyncio.to_thread(settle_accounts, database, heard.accepted)
        return Run(heard, accounts, watch, len(plan), backlog)


async def _warm_up(client: DoorClient, database: Database, people: Sequence[str], progress: Progress) -> None:
    before = [Arrival(number * 0.05, f"w{number}", person, "first") for number, person in enumerate(people[:WARM_UP])]
    await drive(client, before, Heard(), lambda sent: progress("warming up", sent, len(before)))
    if await quiet(database, BACKLOG_SECONDS) is None:
        raise MeasurementFailed("the service did not answer the first questions")
