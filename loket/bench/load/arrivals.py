"""Events that arrive when they arrive: nobody waits for the answer to the last one, or for the machine to catch up.

Every time is taken from the moment an event was due, not from when it was sent: a slow service cannot look fast by
slowing its callers down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from loket.bench.load.door_client import DoorClient, Told
from loket.bench.servers.llm import QUESTION


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery of one event. `at`: seconds after the beginning. The same `event` may come twice."""

    at: float
    event: str
    user: str
    thread: str

    @property
    def body(self) -> dict[str, Any]:
        """As the door takes it."""
        return {
            "id": self.event,
            "user": self.user,
            "room": self.user,
            "place": "direct",
            "thread": self.thread,
            "text": QUESTION,
            "complete": True,
        }


@dataclass
class Heard:
    """What came back, in seconds after each event was due. `signs`: the first thing its source heard of it at all, from
    whoever took it in; `begun`: an agent began to think; `words`: the first sentence of the answer, shown before its
    time or posted; `answered`: the answer. `busy`: how many were told that it is busy.

    `accepted` are the events that were acknowledged: these may not be lost. `refused` counts deliveries by what the
    door said instead. `late`: how far behind its plan the driver itself was, at most.
    """

    acknowledged: list[float] = field(default_factory=list)
    signs: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    late: float = 0.0
    last_answer_at: float = 0.0
    due: dict[str, float] = field(default_factory=dict)


async def drive(client: DoorClient, arrivals: Iterable[Arrival], heard: Heard, sent: Callable[[int], None]) -> None:
    """Deliver everything at its time, and return when the last acknowledgement is in. `sent` is told how many."""
    began, number = time.perf_counter(), 0
    async with asyncio.TaskGroup() as group:
        for number, arrival in enumerate(arrivals, start=1):
            due = began + arrival.at
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            heard.late = max(heard.late, time.perf_counter() - due)
            heard.due.setdefault(arrival.event, due)
            group.create_task(_deliver(client, arrival, due, heard))
            if not number % 10:
                sent(number)
    sent(number)


async def listen(client: DoorClient, heard: Heard) -> None:
    """Hear what the door tells, until cancelled."""
    async for told in client.stream():
        _note(told, heard, time.perf_counter())


async def _deliver(client: DoorClient, arrival: Arrival, due: float, heard: Heard) -> None:
    try:
        answer = await client.post("/v1/events", arrival.body)
    except OSError as error:
        heard.refused[type(error).__name__] = heard.refused.get(type(error).__name__, 0) + 1
        return
    if answer.status == 202:
        heard.accepted.add(arrival.event)
        heard.acknowledged.append(time.perf_counter() - due)
    else:
        heard.refused[str(answer.status)] = heard.refused.get(str(answer.status), 0) + 1


def _note(told: Told, heard: Heard, at: float) -> None:
    event = str(told.data.get("event", ""))
    if event not in heard.due:
        return
    after = at - heard.due[event]
    heard.signs.setdefault(event, after)
    answers = told.kind == "post" and bool(told.data["reply"].get("outcome"))
    if told.kind == "taken":
        heard.busy += bool(told.data.get("text"))
    elif told.kind == "begun":
        heard.begun.setdefault(event, after)
    if answers or told.kind == "sentence":
        heard.words.setdefault(event, after)
    if answers:
        heard.answered.setdefault(event, after)
        heard.last_answer_at = at
