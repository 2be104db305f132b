"""People who write to the app when they write: nobody waits for the last answer, or for the machine to catch up.

Every time is taken from the moment a message was due, not from when it was sent (see `loket.bench.load.arrivals`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loket.bench.load.arrivals import Arrival
from loket.bench.slack.organisation import origin_of
from simulators.slack import SimMessage, SlackSimulator
from simulators.slack.person import SimPerson
from slack_app.edge import message_id

LIFE = frozenset({"agents.sessions.setStatus", "assistant.threads.setStatus", "chat.postMessage", "chat.startStream"})
"""By these calls a person sees that somebody is there."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message: the event as the tables know it, its post, and when it was due, in seconds since 1970."""

    event_id: str
    post: SimMessage
    due: float


@dataclass
class Asked:
    """What was asked. `acknowledged`: seconds from when it was due. `late`: how far the driver was behind, at most."""

    questions: list[Question] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    late: float = 0.0


async def ask(person: SimPerson, text: str, due: float, asked: Asked) -> Question:
    """One message in the direct chat; returns when the app has taken it in. `due` in seconds of `perf_counter`."""
    since_1970 = time.time() - time.perf_counter()
    post = await person.dm(text)
    asked.acknowledged.append(time.perf_counter() - due)
    question = Question(message_id(origin_of(post.team), post.channel, post.ts), post, due + since_1970)
    asked.questions.append(question)
    return question


async def ask_all(
    people: Sequence[SimPerson], arrivals: Sequence[Arrival], text: str, asked: Asked, sent: Callable[[int], None]
) -> None:
    """Everybody at their time, one after the other of `people`; returns when the last message is taken in."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, (person, arrival) in enumerate(zip(people, arrivals, strict=True), start=1):
            due = began + arrival.at
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            asked.late = max(asked.late, time.perf_counter() - due)
            group.create_task(ask(person, text, due, asked))
            if not number % 10:
                sent(number)
    sent(len(people))


def last_posts(slack: SlackSimulator, questions: Sequence[Question]) -> list[float]:
    """Seconds from when each question was due to the last post below it: the answer, not the first notice."""
    posted: dict[tuple[str, str], float] = {}
    for call in slack.calls:
        if call.method == "chat.postMessage" and call.ok:
            posted[str(call.args.get("channel")), str(call.args.get("thread_ts"))] = call.at
    places = ((one, (one.post.channel, one.post.ts)) for one in questions)
    return [posted[place] - one.due for one, place in places if place in posted]


def first_signs(slack: SlackSimulator, questions: Sequence[Question]) -> list[float]:
    """Seconds from when each question was due to the first call by which its author saw something."""
    seen: dict[tuple[str, str], float] = {}
    for call in slack.calls:
        if call.method in LIFE and call.ok:
            room = str(call.args.get("channel") or call.args.get("channel_id"))
            seen.setdefault((room, str(call.args.get("thread_ts"))), call.at)
    places = ((one, (one.post.channel, one.post.ts)) for one in questions)
    return [seen[place] - one.due for one, place in places if place in seen]
