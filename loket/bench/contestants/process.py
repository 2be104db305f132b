"""The process that one contestant runs in: `python -m loket.bench.contestants.process NAME SURROUNDINGS`.

It reads orders from standard input, one a line, and answers each with one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from loket.bench.contestants import Contestant, Surroundings
from loket.bench.profiling import ThreadProfiles
from loket.service.one_core import keep_to_one_core


def contestant_called(name: str, around: Surroundings) -> Contestant:
    """One of `plain`, `dbos` and `loket`."""
    if name == "plain":
        from loket.bench.contestants.plain_agent import PlainAgent

        return PlainAgent(around)
    if name == "dbos":
        from loket.bench.contestants.agent_in_dbos import AgentInDbos

        return AgentInDbos(around)
    from loket.bench.contestants.whole_counter import WholeCounter

    return WholeCounter(around)


async def _work(name: str, around: Surroundings, answers: TextIO, profiles: ThreadProfiles | None) -> None:
    contestant = contestant_called(name, around)
    await contestant.open()
    _one_thread_for_algebra()
    keep_to_one_core(around.number)  # all three, as `loket serve` does
    _say(answers, {"ready": name})
    number = 0
    try:
        while order := await asyncio.to_thread(sys.stdin.readline):
            turns, at_once = map(int, order.split())
            number += 1
            before = profiles.snapshot() if profiles else None
            result: dict[str, Any] = await _round(contestant, f"{around.number}-{number}", turns, at_once)
            if profiles and before is not None:
                result["profile"] = profiles.since(before)
            _say(answers, result)
    finally:
        await contestant.close()


async def _round(contestant: Contestant, prefix: str, turns: int, at_once: int) -> dict[str, float]:
    """So many turns, `at_once` of them at a time, and what they cost: seconds of CPU and of the clock."""
    waiting = iter(range(turns))

    async def one_after_the_other() -> None:
        for number in waiting:
            await contestant.turn(f"{prefix}-{number}")

    cpu, clock = _cpu(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())
    await contestant.settle()
    return {"cpu": _cpu() - cpu, "seconds": time.perf_counter() - clock}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _one_thread_for_algebra() -> None:
    # As the service does: on vectors this small a second thread only spins and waits.
    import threadpoolctl

    threadpoolctl.threadpool_limits(1)


def _say(answers: TextIO, values: dict[str, Any]) -> None:
    answers.write(json.dumps(values) + "\n")
    answers.flush()


def _main() -> None:
    name, llm_url, folder, postgres, number, flags = sys.argv[1:]
    # What libraries print must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    around = Surroundings(llm_url, Path(folder), postgres, int(number), "shared" not in flags, "mask" in flags)
    profiles = ThreadProfiles() if "profile" in flags else None
    if profiles:
        profiles.begin()
    asyncio.run(_work(name, around, answers, profiles))


if __name__ == "__main__":
    _main()
