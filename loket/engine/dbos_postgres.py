"""The engine on Postgres: waiting work is rows of our own, so many processes as needed share it.

A row is put in with the transaction of its event, taken by whoever has room, and gone when the work is done: one of a
partition at a time over all processes, in order. Whoever puts something in says so (LISTEN/NOTIFY); who has room and
hears nothing looks once a second. An action begins as a workflow of DBOS, a turn does not (ADR 4).
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from loket.engine import RECORDED, RETRY_PAUSES, Handler, Queue, work
from loket.engine.attempts import attempt
from loket.engine.dbos_runtime import AT_ONCE, DbosRuntime, leave_queue
from loket.engine.submitting import Submitter
from loket.engine.work import Claim
from storage import Database, Tx
from storage.faultpoint import around_commit, reached

LOOK_SECONDS = 1.0
"""How often a process with room looks without having heard of anything: news may get lost."""
TOGETHER_SECONDS = 0.03
"""What comes or ends within so long is looked at together."""

log = structlog.get_logger("loket.engine")


@dataclass(slots=True)
class _Piece:
    """What this process has taken. `begun`: its handler was called; `done`: that has come to its end."""

    claim: Claim
    begun: bool = False
    done: bool = False


class PostgresEngine:
    """`at_once` names the queues this process works on; none of them: it only hands work over.

    `tell` lets the other processes know that there is work in the queue of that name. `migrates`: whether this process
    may make and change DBOS's tables, which it shares with all others.
    """

    def __init__(
        self,
        database: Database,
        executor_id: str,
        pauses: Sequence[float] = RETRY_PAUSES,
        at_once: Mapping[Queue, int] = AT_ONCE,
        *,
        tell: Callable[[str], None] = lambda _: None,
        migrates: bool = True,
    ) -> None:
        self.database = database
        self._name = executor_id
        self._pauses = pauses
        self._at_once = dict(at_once)
        self._tell = tell
        recorded = RECORDED & at_once.keys()
        self._runtime = DbosRuntime(database.url, executor_id, self._recorded) if recorded else None
        self._migrates = migrates
        self._submitter = Submitter(database, self._announce)
        self._handlers: Mapping[Queue, Handler] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looker: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._wake = asyncio.Event()
        self._wanted: set[Queue] = set()
        self._held: dict[str, _Piece] = {}
        self._over: list[_Piece] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, handlers: Mapping[Queue, Handler]) -> None:
        """See `Engine.start`. What an earlier process of this name had waits again."""
        self._handlers = handlers
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        if self._runtime is not None:
            await self._runtime.start(migrates=self._migrates)
            await self.database.run(leave_queue)
        if self._at_once:
            await self.database.run(lambda tx: work.free(tx, self._name, (), None))
            self._hear(*self._at_once)
            self._looker = self._loop.create_task(self._look_on(), context=contextvars.Context())
        self._submitter.start()

    def enlist(self, tx: Tx, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.enlist`: the same transaction."""
        work.put(tx, queue, work_id, partition)
        tx.after_commit.append(lambda: self._announce(queue))

    def submit(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.submit`."""
        self._submitter.put(queue, work_id, partition)

    def recall(self, queue: Queue, work_id: str, partition: str) -> None:
        """See `Engine.recall`."""
        self._submitter.put(queue, work_id, partition, if_idle=True)

    async def heard(self, text: str) -> None:
        """Another process says that there is work in a queue."""
        self._hear(Queue(text))

    async def settle(self) -> None:
        """See `Engine.settle`: here, nothing waits or runs anywhere."""
        while (  # noqa: ASYNC110 - other threads and processes do the work
            self._submitter.is_busy or self._held or await self.database.read(work.anything_left)
        ):
            await asyncio.sleep(0.02)

    async def take_over(self, living: frozenset[str]) -> int:
        """See `Engine.take_over`. Also what became ours by a commit whose answer was lost waits again."""
        if not self._at_once or self._stopping:
            return 0
        living |= {self._name}
        async with self._looking:  # what is just being taken is not held yet
            held = [piece.claim for piece in (*self._held.values(), *self._over)]
            freed = await self.database.run(lambda tx: work.free(tx, self._name, held, living))
        if freed:
            for queue in Queue:
                self._announce(queue)
        if self._runtime is not None and not self._stopping:
            await self._runtime.take_over(living)
        return freed

    async def forget(self, seconds: float) -> int:
        """See `Engine.forget`."""
        return await self._runtime.forget(seconds) if self._runtime is not None else 0

    async def stop(self, seconds: float = 30.0) -> None:
        """See `Engine.stop`. What does not finish in time is taken over by others, or by the next start."""
        self._stopping = True
        if self._loop is None:
            return
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        await self._submitter.stop()
        self._loop = None
        if self._looker is not None:
            async with self._looking:  # not in the midst of taking
                self._looker.cancel()
            await self._look(())
        if self._runtime is not None:
            await self._runtime.stop()
        for task in self._under_way:
            task.cancel()
        self._held.clear()

    def _announce(self, queue: Queue) -> None:
        """There is work in a queue: for us, and for all others."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._hear, queue)
        self._tell(queue.value)

    def _hear(self, *queues: Queue) -> None:
        self._wanted.update(self._at_once.keys() & set(queues))
        if self._wanted:
            self._wake.set()

    async def _look_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._hear(*self._at_once)
            wanted = sorted(self._wanted)
            self._wanted.clear()
            self._wake.clear()
            answered = await self._look(wanted)
            await asyncio.sleep(TOGETHER_SECONDS if answered else LOOK_SECONDS)

    async def _look(self, wanted: Sequence[Queue]) -> bool:
        """Give back what is over and take what there is room for, in one transaction; false when that failed."""
        async with self._looking:
            over, self._over = self._over, []
            room = {} if self._stopping else {queue: room for queue in wanted if (room := self._room(queue)) > 0}
            if not over and not room:
                return True
            try:
                claims = await self.database.run(lambda tx: self._exchange(tx, over, room))
            except Exception as error:  # noqa: BLE001 - whatever the database raises: a process must not stop looking
                self._over = [*over, *self._over]
                self._hear(*wanted)
                log.error("look_failed", count=len(over), error=type(error).__name__)
                return False
            for claim in claims:
                self._begin(claim)
            return True

    def _room(self, queue: Queue) -> int:
        return self._at_once[queue] - sum(piece.claim.queue is queue for piece in self._held.values())

    def _exchange(self, tx: Tx, over: Sequence[_Piece], room: Mapping[Queue, int]) -> list[Claim]:
        done = [piece.claim for piece in over if piece.done]
        work.end(tx, self._name, done, [piece.claim for piece in over if not piece.done])
        claims = [claim for queue, most in room.items() for claim in work.take(tx, self._name, queue, most)]
        if claims:
            around_commit(tx, "queue.take")
        return claims

    def _begin(self, claim: Claim) -> None:
        piece = self._held[claim.mark] = _Piece(claim)
        task = asyncio.get_running_loop().create_task(self._worked(piece), context=contextvars.Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _worked(self, piece: _Piece) -> None:
        """From the beginning to the end: only then the next of this partition may begin."""
        claim = piece.claim
        if self._runtime is not None and claim.queue in RECORDED:
            await self._record(self._runtime, claim)
        else:
            await self._run(piece)
        del self._held[claim.mark]
        self._over.append(piece)
        self._hear(claim.queue)

    async def _record(self, runtime: DbosRuntime, claim: Claim) -> None:
        try:
            await runtime.do(claim.queue, claim.work_id, claim.mark)
        except Exception as error:  # noqa: BLE001 - whatever a database that fails raises: the row waits again
            kind = type(error).__name__
            log.error("submit_failed", queue=claim.queue.value, work_id=claim.work_id, error=kind)

    async def _recorded(self, _queue: Queue, _work_id: str, mark: str) -> None:
        # What DBOS takes up again after a crash waits in its row as well: whoever takes that begins it anew.
        if (piece := self._held.get(mark)) is not None:
            await self._run(piece)

    async def _run(self, piece: _Piece) -> None:
        if piece.begun or self._stopping:
            return
        piece.begun, queue = True, piece.claim.queue
        reached(f"queue.{queue}.taken")
        await attempt(queue, self._handlers[queue], piece.claim.work_id, self._pauses)
        piece.done = True
        reached(f"queue.{queue}.done")
