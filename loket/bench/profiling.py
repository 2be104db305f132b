"""Where CPU time goes, over all threads of a process: by file, library calls counted with the file that made them."""

from __future__ import annotations

import cProfile
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

Spent = Mapping[str, tuple[float, int]]
"""By `file:line function`: seconds of CPU in the function itself, and how often it was called."""

ROOT = Path(__file__).parents[2]


class ThreadProfiles:
    """One profile for each thread, this one and all that start after `begin`. The clock is each thread's own CPU."""

    def __init__(self) -> None:
        self._profiles: list[cProfile.Profile] = []

    def begin(self) -> None:
        """Profile from now on."""
        threading.setprofile(self._first_call)
        self._add()

    def snapshot(self) -> Spent:
        """What was spent so far."""
        seconds: defaultdict[str, float] = defaultdict(float)
        calls: defaultdict[str, int] = defaultdict(int)
        for profile in tuple(self._profiles):
            for entry in profile.getstats():
                if isinstance(entry.code, CodeType):
                    name = _name(entry.code)
                    seconds[name] += entry.inlinetime + sum(_built_in(call) for call in entry.calls or ())
                    calls[name] += entry.callcount
        return {name: (seconds[name], calls[name]) for name in seconds}

    def since(self, before: Spent) -> Spent:
        """What was spent after an earlier snapshot."""
        after = self.snapshot()
        nothing = (0.0, 0)
        return {
            name: (spent - before.get(name, nothing)[0], calls - before.get(name, nothing)[1])
            for name, (spent, calls) in after.items()
            if calls > before.get(name, nothing)[1]
        }

    def _first_call(self, _frame: Any, _event: str, _argument: Any) -> None:
        # In a new thread: from here on a profile of its own takes the place of this function.
        sys.setprofile(None)
        self._add()

    def _add(self) -> None:
        profile = cProfile.Profile(time.thread_time)
        self._profiles.append(profile)
        profile.enable()


def room_of(name: str) -> str:
    """The part of the house, or the library, that a `file:line function` belongs to."""
    parts = Path(name.partition(":")[0]).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if ROOT.parts == parts[: len(ROOT.parts)]:
        inside = parts[len(ROOT.parts) :]
        return "/".join(inside[:2]) if inside[0] == "loket" else inside[0]
    return "Python: " + (parts[-2] if parts[-2:-1] and not parts[-2].startswith("python") else parts[-1])


def _name(code: CodeType) -> str:
    return f"{code.co_filename}:{code.co_firstlineno} {code.co_name}"


def _built_in(call: Any) -> float:
    return 0.0 if isinstance(call.code, CodeType) else float(call.inlinetime)
