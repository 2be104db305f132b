"""Who arrives when: a steady stream, a burst with half of it delivered twice, many open conversations.

Gaps are drawn as between people who know nothing of each other (exponential), by a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import cycle

from loket.bench.load.arrivals import Arrival

SEED = 4
SECOND_DELIVERY_SECONDS = 2.0


def steady(people: Sequence[str], rate: float, seconds: float) -> list[Arrival]:
    """`rate` events a second, each in a conversation of its own."""
    who = cycle(people)
    return [Arrival(at, f"e{n}", next(who), f"t{n}") for n, at in enumerate(_moments(rate, seconds))]


def burst(people: Sequence[str], rate: float, seconds: float) -> list[Arrival]:
    """`rate` deliveries a second: every event comes twice, the second time within two seconds."""
    chance = random.Random(SEED)  # noqa: S311 - a plan, not a secret
    once = steady(people, rate / 2, seconds)
    again = [
        Arrival(one.at + chance.uniform(0, SECOND_DELIVERY_SECONDS), one.event, one.user, one.thread) for one in once
    ]
    return sorted([*once, *again], key=lambda one: one.at)


def conversations(people: Sequence[str], count: int, rate: float, seconds: float) -> list[Arrival]:
    """`count` conversations that all stay open; each goes on when it is its turn."""
    open_ones = cycle([(people[n % len(people)], f"c{n}") for n in range(count)])
    moments = enumerate(_moments(rate, seconds))
    return [Arrival(at, f"e{n}", *next(open_ones)) for n, at in moments]


def _moments(rate: float, seconds: float) -> Iterator[float]:
    chance = random.Random(SEED)  # noqa: S311 - a plan, not a secret
    at = chance.expovariate(rate)
    while at < seconds:
        yield at
        at += chance.expovariate(rate)
