"""What taking a message in costs: stored one by one, or together with what comes meanwhile; and one full collection."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from actions import files
from agent import inbox
from core.events import Address, Message
from core.people import ChannelIdentity
from loket.bench import Row, milliseconds
from loket.bench.cpu import cpu_seconds
from loket.bench.servers.databases import fresh_database
from loket.bench.servers.llm import QUESTION
from loket.bench.servers.postgres import DURABLE, running_postgres
from loket.desk.storing import Storing
from loket.engine import Engine, Queue
from loket.engine.dbos_postgres import PostgresEngine
from loket.service.garbage_collection import spare_what_is_loaded
from loket.service.preparing import prepare
from loket.settings import Settings
from storage import Database, Tx

RATE = 200
AGAIN_SECONDS = 0.5
POOL = 12
COLLECTIONS = 5
Put = Callable[[Message], Awaitable[object]]


@dataclass
class Way:
    """One way of storing: CPU-seconds a delivery here and in Postgres, by round; seconds until each was stored."""

    here: list[float] = field(default_factory=list)
    there: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)


async def measure_intake(folder: Path, rounds: int, events: int) -> list[Row]:
    """Each event is delivered twice, half a second apart, 200 events a second; both ways in turn, on one Postgres."""
    ways = {"one by one": Way(), "together": Way()}
    with running_postgres(DURABLE) as cluster:
        url = fresh_database(cluster.url)
        await prepare(Settings(database_url=url, home=folder))
        database = Database(url, pool_size=POOL)
        engine = PostgresEngine(database, "bench", at_once={})
        for number in range(rounds):
            for name, way in ways.items():
                storing = Storing(database, engine).put
                put = storing if name == "together" else partial(_alone, database, engine)
                messages = [_message(f"{number}-{name[:3]}-{one}") for one in range(events)]
                before, there = time.process_time(), cpu_seconds(cluster.pid)
                await _deliver(messages, put, way)
                way.here.append((time.process_time() - before) / (events * 2))
                way.there.append((cpu_seconds(cluster.pid) - there) / (events * 2))
        await asyncio.to_thread(database.close)
    return [row for name, way in ways.items() for row in _rows(name, way)]


def measure_collection() -> list[Row]:
    """A full collection of a process that has loaded what serves Slack, before and after that is passed over."""
    import loket.service.process
    import loket.service.slack  # noqa: F401 - what a web process loads

    before, count = _collections(), len(gc.get_objects())
    spare_what_is_loaded()
    return [
        Row(f"a full collection with {count:,} objects loaded", f"{before * 1000:.0f} CPU-ms"),
        Row("the same when they are passed over", f"{_collections() * 1000:.1f} CPU-ms"),
    ]


async def _deliver(messages: list[Message], put: Put, way: Way) -> None:
    began = time.perf_counter()

    async def one(message: Message, at: float) -> None:
        await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
        due = began + at
        await put(message)
        way.stored.append(time.perf_counter() - due)

    first = [one(message, number / RATE) for number, message in enumerate(messages)]
    again = [one(message, number / RATE + AGAIN_SECONDS) for number, message in enumerate(messages)]
    await asyncio.gather(*first, *again)


async def _alone(database: Database, engine: Engine, message: Message) -> None:
    def put(tx: Tx) -> None:
        if inbox.put(tx, files.without_places(message)):
            files.put(tx, message)
            engine.enlist(tx, Queue.TURNS, message.event_id, message.partition)

    await database.run(put)


def _message(name: str) -> Message:
    address = Address("door", "local", name, user=name)
    identity = ChannelIdentity("door", "local", name)
    return Message(f"door:local:{name}", identity, address, QUESTION, datetime.now(UTC), complete=True)


def _rows(name: str, way: Way) -> list[Row]:
    here, there = (statistics.median(values) * 1000 for values in (way.here, way.there))
    spread = f"{min(way.here) * 1000:.2f}–{max(way.here) * 1000:.2f}"
    return [
        Row(f"a delivery, {name}", f"{here:.2f} CPU-ms ({spread}), Postgres {there:.2f}"),
        Row(f"until it was stored, {name}", milliseconds(way.stored)),
    ]


def _collections() -> float:
    seconds = []
    for _ in range(COLLECTIONS):
        began = time.thread_time()
        gc.collect()
        seconds.append(time.thread_time() - began)
    return statistics.median(seconds)
