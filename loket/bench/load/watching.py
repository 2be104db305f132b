"""What the processes of the service hold while they work: memory, files, database connections, CPU."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from loket.bench.cpu import cpu_seconds, open_files, resident_bytes
from loket.bench.load.service import Place
from storage import Database, Tx

WARM_UP_SECONDS = 60.0
SHARE = 5
"""Growth is the median of the last fifth of the samples against that of the first fifth: single peaks say nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. `cpu`: seconds used so far by the service's processes, `server_cpu` by Postgres."""

    at: float
    memory: int
    files: int
    connections: int
    cpu: float
    server_cpu: float


@dataclass
class Watch:
    """Looks every `every` seconds until cancelled."""

    place: Place
    database: Database
    every: float = 2.0
    samples: list[Sample] = field(default_factory=list)

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self.every)

    async def look(self) -> Sample:
        """One look, kept."""
        connections = await self.database.read(_connections) if self.place.server_pid else 0
        sample = await asyncio.to_thread(self._sample, connections)
        self.samples.append(sample)
        return sample

    @property
    def warm(self) -> Sequence[Sample]:
        """The samples without those of the first minute, or of the first fifth of a short run."""
        first, last = self.samples[0].at, self.samples[-1].at
        begin = first + min(WARM_UP_SECONDS, (last - first) / SHARE)
        return [sample for sample in self.samples if sample.at >= begin]

    def _sample(self, connections: int) -> Sample:
        pids = tuple(self.place.pids.values())
        server = cpu_seconds(self.place.server_pid) if self.place.server_pid else 0.0
        return Sample(
            time.monotonic(),
            sum(map(resident_bytes, pids)),
            sum(map(open_files, pids)),
            connections,
            sum(map(cpu_seconds, pids)),
            server,
        )


def growth(values: Sequence[float]) -> float:
    """How much more the last values are than the first, as a share: 0.05 is five percent."""
    part = max(1, len(values) // SHARE)
    first = statistics.median(values[:part])
    return statistics.median(values[-part:]) / first - 1 if first else 0.0


def cpu_share(samples: Sequence[Sample]) -> float:
    """The CPU of the service between the first and the last sample, as a share of one core; Postgres's too."""
    first, last = samples[0], samples[-1]
    used = last.cpu + last.server_cpu - first.cpu - first.server_cpu
    return used / (last.at - first.at)


def _connections(tx: Tx) -> int:
    mine = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    found: int = tx.execute(mine).scalar_one()
    return found
