"""Shows in the channel that a message was taken in, as soon as it is stored and before anybody works on it.

Nobody waits for a sign. It is told beside the acknowledgement, once for all that one person writes in one go, and not
at all where the desk begins, or the answer stands, before it could be.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from agent.language import language_of
from core.errors import LoketError, where
from core.events import Address, Message
from core.people import Standing
from core.ports import Attentive, Channel
from loket.desk.waiting_time import Ahead, WaitingTime
from loket.words import say

PAUSE_SECONDS = 0.2
"""So long somebody may be quicker than the sign: with an answer, with the next line, by beginning to think."""
LOOK_SECONDS = 0.3
SHOW_SECONDS = 2.0
"""How long a channel may take over it."""
AT_ONCE = 32
"""Signs that one channel is shown at a time; further ones wait, or are overtaken by what happens."""
OPEN_SECONDS = 120.0
"""After that a message that nobody began with may get another sign together with the next."""
KEPT = 5_000
MANY = 20
"""From so many on it is said that it is busy, also where nobody can say how long it takes."""
Place = tuple[str, str, str, str, str]
log = structlog.get_logger("loket.signs")


@dataclass(slots=True)
class _Sign:
    """What one person wrote in one place and what nobody began with: the last of it, and which of it has its sign."""

    message: Message
    at: float
    shown: str | None = None
    task: asyncio.Task[None] | None = None


class FirstSigns:
    """Call `taken` for what was stored here, `over` once somebody begins with it or answers it. One event loop only.

    `busy_seconds`: from such a wait on it is told how long it may take; 0 never.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        waiting_time: WaitingTime,
        busy_seconds: float,
        *,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._attentive = {channel.name: channel for channel in channels if isinstance(channel, Attentive)}
        self._waiting_time = waiting_time
        self._busy_seconds = busy_seconds
        self._pause = pause
        self._clock = clock
        self._signs: OrderedDict[Place, _Sign] = OrderedDict()
        self._room = {name: asyncio.Semaphore(AT_ONCE) for name in self._attentive}
        self._tasks: set[asyncio.Task[None]] = set()

    def taken(self, message: Message) -> None:
        """It is stored, as a message of its own. Returns at once. Who will be refused anyway gets no sign."""
        if message.address.channel not in self._attentive or message.standing is not Standing.MEMBER:
            return
        place, moment = _place_of(message.address), self._clock()
        sign = self._signs.get(place)
        if sign is None or moment - sign.at > OPEN_SECONDS:
            sign = self._signs[place] = _Sign(message, moment)
        sign.message = message
        self._signs.move_to_end(place)
        while len(self._signs) > KEPT:
            self._signs.popitem(last=False)
        if sign.task is None and sign.shown != message.address.anchor:
            sign.task = asyncio.get_running_loop().create_task(self._tell(place, sign))
            self._tasks.add(sign.task)
            sign.task.add_done_callback(self._tasks.discard)

    def over(self, address: Address) -> None:
        """Somebody begins with what stands there, or has answered it: that says more than a sign."""
        self._signs.pop(_place_of(address), None)

    async def stop(self) -> None:
        """Show nothing more."""
        self._signs.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, place: Place, sign: _Sign) -> None:
        try:
            await asyncio.sleep(self._pause)
            async with self._room[sign.message.address.channel]:
                while self._signs.get(place) is sign and sign.shown != (anchor := sign.message.address.anchor):
                    message, busy = sign.message, await self._busy(sign.message)
                    if self._signs.get(place) is not sign:
                        return
                    sign.shown = anchor
                    async with asyncio.timeout(SHOW_SECONDS):
                        await self._attentive[message.address.channel].taken(message, busy)
        except (LoketError, OSError, TimeoutError) as error:
            log.warning("first_sign_failed", event_id=sign.message.event_id, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a bug in a channel costs the sign, and its text may hold what was written
            log.error("first_sign_failed", event_id=sign.message.event_id, error=type(error).__name__, at=where(error))
        finally:
            sign.task = None

    async def _busy(self, message: Message) -> str:
        if not self._busy_seconds:
            return ""
        ahead = await self._waiting_time.ahead(LOOK_SECONDS)
        return "" if ahead is None else busy_words(ahead, self._busy_seconds, language_of(message.text))


def busy_words(ahead: Ahead, threshold: float, language: str) -> str:
    """What is said of a wait, in seconds, that is longer than the threshold; nothing of a shorter one."""
    count, seconds = about(ahead.count), ahead.seconds
    if seconds is None:
        return say("busy_unknown", language, count=count) if ahead.count >= MANY else ""
    if seconds < threshold:
        return ""
    if seconds <= 45:
        return say("busy_half_minute", language, count=count)
    if seconds <= 90:
        return say("busy_minute", language, count=count)
    if seconds <= 600:
        return say("busy_minutes", language, count=count, minutes=round(seconds / 60))
    return say("busy_long", language, count=count)


def about(count: int) -> int:
    """A number that does not look more exact than it is."""
    step = 5 if count < 50 else 10 if count < 200 else 50 if count < 1_000 else 500
    return max(step, round(count / step) * step)


def _place_of(address: Address) -> Place:
    return address.channel, address.tenant, address.room, address.thread or "", address.user
