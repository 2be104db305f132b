"""Gauges read from the database when Prometheus scrapes: at most once in 5 seconds; never fails the scrape."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool

from actions.flow import HOLDS_SUBJECT
from actions.records import State
from actions.tables import actions
from agent.inbox import OPEN
from agent.tables import inbox
from loket.service.tables import workers
from storage import Database, Tx, now
from storage.tables import outbox

log = structlog.get_logger("loket.telemetry")
FRESH_SECONDS = 5.0
"""How long one reading serves every scrape."""
WAIT_SECONDS = 2.0
"""How long a scrape waits for the database."""
ALIVE_SECONDS = 60.0
"""How long after its last heartbeat a worker still counts as alive."""
UNFINISHED = tuple(state.value for state in State if state in HOLDS_SUBJECT)


@dataclass(frozen=True, slots=True)
class Queued:
    """How many wait, and for how many seconds the oldest has."""

    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One reading. Every unfinished state is in `actions`, also where none waits."""

    outbox: Queued
    inbox: Queued
    actions: dict[str, Queued]
    workers: dict[str, int] = field(default_factory=dict)


class DatabaseGauges(Collector):
    """A collector of Prometheus. A database that is away or hangs shows as `loket_up{part="database"} 0`."""

    def __init__(self, database: Database, fresh_seconds: float = FRESH_SECONDS, wait: float = WAIT_SECONDS) -> None:
        self._database = database
        self._fresh_seconds = fresh_seconds
        self._wait = wait
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._last: Waiting | None = None
        self._read_at = float("-inf")

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges as they are now, or 5 seconds ago."""
        found = self._found()
        up = GaugeMetricFamily("loket_up", "Whether a part that this process needs answers", labels=["part"])
        up.add_metric(["database"], float(found is not None))
        yield up
        yield from self._connections()
        if found is not None:
            yield from _families(found)

    def _connections(self) -> Iterator[Metric]:
        pool = self._database.engine.pool
        if isinstance(pool, QueuePool):
            yield GaugeMetricFamily("loket_database_connections_used", "Connections in use", pool.checkedout())
            yield GaugeMetricFamily("loket_database_connections_size", "Connections that are kept", pool.size())

    def _found(self) -> Waiting | None:
        with self._lock:
            if time.monotonic() - self._read_at < self._fresh_seconds:
                return self._last
            if self._reading is None or not self._reading.is_alive():
                # In a thread: a database that hangs must not hang whoever looks. There is never more than one.
                self._reading = threading.Thread(target=self._read, name="loket-gauges", daemon=True)
                self._reading.start()
            self._reading.join(self._wait)
            if self._reading.is_alive():
                self._last, self._read_at = None, time.monotonic()
            return self._last

    def _read(self) -> None:
        found: Waiting | None = None
        try:
            with self._database.reading() as tx:
                found = read_waiting(tx)
        except Exception as error:  # noqa: BLE001 - whatever the driver raises, the page is shown and says so
            if self._last is not None:  # once, not at every scrape
                log.warning("gauges_unread", error=type(error).__name__)
        self._last, self._read_at = found, time.monotonic()


def read_waiting(tx: Tx) -> Waiting:
    """One query a table, each over an index. Ages are by the database's clock."""
    moment = now(tx)
    alive = sa.select(workers.c.role, sa.func.count().label("alive")).group_by(workers.c.role)
    rows = tx.execute(alive.where(workers.c.beat_at > moment - timedelta(seconds=ALIVE_SECONDS)))
    return Waiting(
        outbox=_queued(tx, outbox.c.created_at, outbox.c.state.in_(("waiting", "sending"))),
        inbox=_queued(tx, inbox.c.received_at, inbox.c.state.in_(OPEN)),
        actions=_by_state(tx),
        workers={row.role: row.alive for row in rows},
    )


def _by_state(tx: Tx) -> dict[str, Queued]:
    """Every unfinished state, also where nothing waits in it: a series that comes and goes is hard to watch."""
    moment, state = now(tx), actions.c.state
    count, oldest = _oldest(actions.c.created_at)
    rows = tx.execute(sa.select(state, count, oldest).where(state.in_(UNFINISHED)).group_by(state)).all()
    found = {row.state: Queued(row.waiting, _age(moment, row.oldest)) for row in rows}
    return {name: found.get(name, Queued()) for name in UNFINISHED}


def _queued(tx: Tx, since: sa.Column[datetime], waits: sa.ColumnElement[bool]) -> Queued:
    count, oldest = _oldest(since)
    row = tx.execute(sa.select(count, oldest).where(waits)).one()
    return Queued(row.waiting, _age(now(tx), row.oldest))


def _oldest(since: sa.Column[datetime]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[Any]]:
    return sa.func.count().label("waiting"), sa.func.min(since, type_=since.type).label("oldest")


def _age(moment: datetime, oldest: datetime | None) -> float:
    return max(0.0, (moment - oldest).total_seconds()) if oldest else 0.0


def _families(found: Waiting) -> Iterator[Metric]:
    for name, queued in (("outbox", found.outbox), ("inbox", found.inbox)):
        yield GaugeMetricFamily(f"loket_{name}_waiting", f"Rows of the {name} that wait", queued.count)
        yield GaugeMetricFamily(
            f"loket_{name}_oldest_seconds", "How long the oldest of them has waited", queued.seconds
        )
    waiting = GaugeMetricFamily("loket_actions_waiting", "Actions that are not over", labels=["state"])
    oldest = GaugeMetricFamily(
        "loket_actions_oldest_seconds", "Since the oldest of them was asked for", labels=["state"]
    )
    for state, queued in found.actions.items():
        waiting.add_metric([state], queued.count)
        oldest.add_metric([state], queued.seconds)
    yield waiting
    yield oldest
    unknown = found.actions[State.UNKNOWN.value].count
    yield GaugeMetricFamily("loket_actions_unknown", "Effects that may have happened; a person must look", unknown)
    alive = GaugeMetricFamily(
        "loket_workers_alive", "Processes that said within a minute that they live", labels=["role"]
    )
    for role, count in found.workers.items():
        alive.add_metric([role], count)
    yield alive
