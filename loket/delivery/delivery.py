"""Delivery: sends what is due in the outbox, paced and retried. A row is marked as sent only after it was."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog
from pydantic import ValidationError

from connectors.notify import Notifier
from core.errors import ConnectorError, LoketError, where
from core.events import Address
from core.measures import Measures, Relay
from core.ports import Channel
from core.tracing import is_recording, span
from loket.delivery.lanes import Lanes
from loket.delivery.sending import Sender, nobody_asks
from loket.group_commit import GroupCommit
from loket.telemetry.belonging import event_of
from storage import Database, Tx, now, outbox
from storage.faultpoint import reached
from storage.outbox import Kind, Waiting

SEND_SECONDS = 30.0
AT_ONCE = 200
"""Rows that are being sent or wait for their room."""
TIDY_SECONDS = 10.0
LONGEST_SLEEP = 30.0
SHARED_SLEEP = 1.0
"""Where other processes write rows, too: news of one may get lost."""


class Delivery:
    """Sends due rows. Rooms are served side by side, the rows of one room one after the other.

    `pace` gives, by channel name, the pause in seconds between two posts in one room (Slack: about one a second).
    `kinds` are the kinds of rows that this process can send; without a `notifier`, replies only. Where other
    processes write rows, `longest_sleep` is how long one may lie here unseen when the news of it got lost. `answers` is
    told where the answer to a message is about to be posted.
    """

    def __init__(
        self,
        database: Database,
        channels: Iterable[Channel],
        notifier: Notifier | None,
        pace: Mapping[str, float] | None = None,
        measures: Measures | None = None,
        kinds: Sequence[Kind] = outbox.KINDS,
        longest_sleep: float = LONGEST_SLEEP,
        answers: Callable[[Address], None] = nobody_asks,
    ) -> None:
        self._database = database
        self._kinds = tuple(kinds)
        self._longest_sleep = longest_sleep
        self._sender = Sender(channels, notifier, answers)
        self._pace = dict(pace or {})
        self._measures = measures or Relay()
        self._lock = asyncio.Lock()
        self._lanes: Lanes[tuple[str, ...], tuple[Waiting, float]] = Lanes(self._serve)
        self._marks: GroupCommit[tuple[Waiting, str]] = GroupCommit(self._mark)
        self._sent = 0
        self._tidied = float("-inf")
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def add_channel(self, channel: Channel) -> None:
        """Serve one more channel."""
        self._sender.add_channel(channel)

    async def start(self) -> None:
        """Begin to deliver by itself whenever woken, and when a retry falls due."""
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Let the round under way finish, then stop. What waits stays."""
        # A flag and not a cancellation: in Python 3.11 `wait_for` can swallow one that comes with a wake-up.
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await self._task
            self._task = None

    def wake(self) -> None:
        """Something may be due. May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def deliver_due(self) -> int:
        """Send everything that is due now, and wait for it; says how many posts were made."""
        before = self._sent
        async with self._lock:
            while await self._take_up() <= 0 or self._lanes.count:
                await self._lanes.below(1)
        return self._sent - before

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                pause = await self._round()
            except Exception as error:  # noqa: BLE001 - the database may be away: the loop must outlive it
                structlog.get_logger("loket.delivery").error(
                    "delivery_failed", error=type(error).__name__, at=where(error)
                )
                pause = 1.0
            if not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause)
        await self._lanes.below(1)

    async def _round(self) -> float:
        """Take up what is due, as long as there is room; says how many seconds until the next look."""
        async with self._lock:
            while (seconds := await self._take_up()) <= 0:
                await self._lanes.below(AT_ONCE)
        return min(max(seconds, 0.05), self._longest_sleep)

    def _seconds(self, tx: Tx) -> float:
        due = outbox.next_due(tx, self._kinds)
        return self._longest_sleep if due is None else (due - now(tx)).total_seconds()

    async def _take_up(self) -> float:
        """Claim what is due and put it into the lanes of its rooms; says in how many seconds something more is due."""
        seconds = await self._database.read(self._seconds)  # looking costs no write lock; claiming does
        if seconds > 0:
            return seconds
        tidies = time.monotonic() - self._tidied > TIDY_SECONDS

        def claim(tx: Tx) -> tuple[list[Waiting], float]:
            return outbox.claim(tx, kinds=self._kinds, tidies=tidies), self._seconds(tx)

        batch, seconds = await self._database.run(claim)
        reached("delivery.claimed")
        if tidies:
            self._tidied = time.monotonic()
        elif not batch:
            self._tidied = float("-inf")  # what is due and cannot be had is to be tidied away
        claimed = time.monotonic()
        for item in batch:
            self._lanes.put(_room_of(item), (item, claimed))
        return seconds if batch else max(seconds, 0.05)

    async def _serve(self, items: list[tuple[Waiting, float]]) -> None:
        """The rows of one room, in order. What comes after a failure waits as long as it."""
        held = False
        for position, (item, claimed) in enumerate(items):
            if position and not held:
                await asyncio.sleep(self._pace.get(str(item.destination.get("channel", "")), 0.0))
            in_time = time.monotonic() - claimed < outbox.LEASE_SECONDS - SEND_SECONDS
            try:
                if held or not in_time:
                    await self._mark_failed(item, "waits for an earlier one")
                else:
                    held = not await self._deliver(item)
            except LoketError as error:  # the database is away: the lease ends, and it is sent again
                structlog.get_logger("loket.delivery").error("delivery_failed", error=type(error).__name__, at="")
                held = True

    async def _deliver(self, item: Waiting) -> bool:
        event_id = await self._event_of(item)
        try:
            with span("deliver", event_id=event_id, channel=_way(item), outbox_id=item.outbox_id):
                reached("delivery.before_send")
                receipt = await asyncio.wait_for(self._sender.send(item), SEND_SECONDS)
                reached("delivery.after_send")
        except (ConnectorError, ValidationError, KeyError, ValueError, OSError, TimeoutError) as error:
            await self._failed(item, error)
            return False
        await self._marks.add((item, receipt))
        reached("delivery.marked")
        self._sent += 1
        self._measures.delivered(_way(item), "sent")
        return True

    async def _mark(self, sent: list[tuple[Waiting, str]]) -> None:
        def write(tx: Tx) -> None:
            for item, receipt in sent:
                outbox.mark_sent(tx, item, receipt)

        await self._database.run(write)

    async def _event_of(self, item: Waiting) -> str:
        """Whose trace this belongs to. Nothing waits for a trace: a database in trouble leaves it without."""
        if not is_recording():
            return ""
        try:
            return await self._database.read(lambda tx: event_of(tx, item.key))
        except ConnectorError:
            return ""

    async def _failed(self, item: Waiting, error: Exception) -> None:
        # The text of a foreign error may hold what was to be sent: only our own is kept.
        reason = str(error) if isinstance(error, ConnectorError) else type(error).__name__
        again = await self._mark_failed(item, reason)
        self._measures.delivered(_way(item), "failed" if again else "given_up")
        structlog.get_logger("loket.delivery").warning(
            "not_delivered", outbox_id=item.outbox_id, kind=item.kind, error=type(error).__name__, again=again
        )

    async def _mark_failed(self, item: Waiting, reason: str) -> bool:
        again = await self._database.run(lambda tx: outbox.mark_failed(tx, item, reason))
        self._woken.set()  # it is due at another time now
        return again


def _way(item: Waiting) -> str:
    """The channel of a reply; the road of a notice that goes outside chat."""
    return str(item.destination.get("channel") or item.destination.get("road") or item.kind)


def _room_of(item: Waiting) -> tuple[str, ...]:
    where = item.destination
    return (item.kind, str(where.get("channel")), str(where.get("tenant")), str(where.get("room", item.key)))
