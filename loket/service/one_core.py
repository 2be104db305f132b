"""A process that thinks keeps to one core: its threads share one interpreter, and handing that across cores costs.

Measured (docs/performance.md, Overhead): a third less CPU a turn than on two cores, and more turns a second.
"""

from __future__ import annotations

import os
from pathlib import Path

_THREADS = Path("/proc/self/task")


def keep_to_one_core(number: int) -> int | None:
    """Keep this process, with all its threads, on one core; returns which.

    `number` counts from the last core that it may use: 1 is that, 2 the one before, over and over; 0 is none of them.
    None where it stays as it is: with 0, with a single core, or where the system has no such call (only Linux has).
    """
    if number < 1 or not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    core = cores[-1 - (number - 1) % len(cores)]
    for thread in _THREADS.iterdir():  # the call is about one thread; those that come later inherit
        try:
            os.sched_setaffinity(int(thread.name), {core})
        except ProcessLookupError:  # it has ended meanwhile
            continue
    return core
