"""The running product: every part there is one of, and the order in which they start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from actions.gate import Gate
from agent.turn import TurnRunner, TurnSummary
from connectors.directory import Directory
from connectors.embedded import World
from connectors.examination import Outside
from core.measures import Relay
from core.ports import Embedder
from loket import migrate
from loket.delivery.delivery import Delivery
from loket.delivery.live import LiveChannels
from loket.desk.desk import CounterDesk
from loket.desk.first_signs import FirstSigns
from loket.engine import Engine, Queue
from loket.home import Home
from loket.restoring import void_if_older
from loket.service.bus import Bus
from loket.service.roles import Duties
from loket.sweeps import Sweep
from loket.vectors.remembered import RememberingEmbedder
from policies.library import Library
from storage import Database
from storage.audit_heads import AuditHeads
from tools.added.kinds import Way
from tools.registry import Registry

OUTBOX = "outbox"
"""The topic of the bus that says: something may be due for delivery."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Everything there is one of. Made by `loket.bootstrap.build`.

    `open` prepares the tables, `start` begins to work; `close` and `stop` are their ends. `outside` are the real
    systems that `loket doctor` looks at, `closing` the things that hold connections. `shown` is what the channels of
    this process show of answers that are being written, wherever that is. `listeners` hear of every turn
    that ended here, those of `measures` of all that is counted.
    """

    duties: Duties
    bus: Bus
    home: Home
    database: Database
    world: World
    directory: Directory
    registry: Registry
    library: Library
    embedder: Embedder
    examples: RememberingEmbedder
    gate: Gate
    desk: CounterDesk
    runner: TurnRunner
    engine: Engine
    delivery: Delivery
    signs: FirstSigns
    shown: LiveChannels
    sweep: Sweep
    heads: AuditHeads | None
    measures: Relay
    way: Way
    outside: Sequence[Outside] = ()
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    listeners: list[Callable[[TurnSummary], None]] = field(default_factory=list)

    async def open(self, *, alone: bool = False) -> None:
        """Prepare the tables and the first rules. `alone`: no other process carries actions out."""
        await asyncio.to_thread(migrate.upgrade, self.database)
        await self.gate.open(alone=alone)

    async def start(self) -> None:
        """Open, take up what an earlier process left behind, and begin to work."""
        await self.open(alone=True)
        if self.heads is not None:
            await void_if_older(self.gate, self.heads)
        await self.work()

    async def work(self) -> None:
        """Begin with the duties of this process; the tables are there."""
        # Added tools are loaded in a thread, not by their first use.
        await asyncio.to_thread(lambda: self.registry.edition)
        handlers = {Queue.TURNS: self._turn, Queue.ACTIONS: self._advance}
        await self.engine.start({queue: handlers[queue] for queue in self.duties.queues})
        if self.duties.talks or self.duties.changes:
            await self.delivery.start()
        if self.duties.sweeps:
            await self.sweep.start()
        if self.heads is not None:
            await self.heads.start()

    async def warm(self) -> None:
        """Load what the first message would wait for: the examples of the tools, and both indexes, side by side."""

        async def examples() -> None:
            with self.examples.remembering():
                await self.runner.warm()

        await asyncio.gather(examples(), self.library.search("hello", frozenset({"all-staff"}), 1))

    async def settle(self) -> None:
        """Wait until nothing is queued, running or due for delivery."""
        await self.engine.settle()
        while await self.delivery.deliver_due():
            await self.engine.settle()

    async def stop(self) -> None:
        """Let what runs finish, deliver what is due, sign the audit chain, close."""
        await self.rest()
        await self.close()

    async def rest(self, seconds: float = 30.0) -> None:
        """Take up nothing more; let what runs finish (at most so long), deliver what is due, sign the audit chain."""
        await self.sweep.stop()
        await self.engine.stop(seconds)
        if self.duties.talks or self.duties.changes:
            await self.delivery.deliver_due()
        await self.delivery.stop()
        await self.signs.stop()
        if self.heads is not None:
            await self.heads.stop()

    async def close(self) -> None:
        """Give back all connections."""
        for close in self.closing:
            await close()
        await asyncio.to_thread(self.library.close)
        await asyncio.to_thread(self.database.close)

    async def _turn(self, event_id: str) -> None:
        try:
            summary = await self.runner.run(event_id)
        finally:
            self._something_to_deliver()
        for listener in self.listeners:
            listener(summary)

    async def _advance(self, action_id: str) -> None:
        try:
            await self.gate.advance(action_id)
        finally:
            self._something_to_deliver()

    def _something_to_deliver(self) -> None:
        """There may be rows in the outbox: for us, and for whoever delivers the other kind."""
        self.delivery.wake()
        self.bus.tell(OUTBOX)
