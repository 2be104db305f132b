"""A process that thinks keeps itself and all its threads to one core, where the system can do that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loket.service.one_core import keep_to_one_core
from loket.service.roles import Role
from loket.service.settings import ServeSettings
from loket.service.several import numbered
from loket.settings import Settings

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core, or no Linux"
)
TELLS = """
import os, sys, threading
from loket.service.one_core import keep_to_one_core
wait = threading.Event()
threading.Thread(target=wait.wait, daemon=True).start()
core = keep_to_one_core(int(sys.argv[1]))
threading.Thread(target=wait.wait, daemon=True).start()
print(core, sorted({tuple(sorted(os.sched_getaffinity(int(one)))) for one in os.listdir("/proc/self/task")}))
"""


def told(number: int) -> str:
    run = subprocess.run([sys.executable, "-c", TELLS, str(number)], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_threads_that_are_there_and_those_that_come_later_share_the_core() -> None:
    cores = sorted(os.sched_getaffinity(0))
    assert told(1) == f"{cores[-1]} [({cores[-1]},)]"


def test_the_next_process_takes_the_core_before_and_the_first_comes_round_again() -> None:
    cores = sorted(os.sched_getaffinity(0))
    assert told(2) == f"{cores[-2]} [({cores[-2]},)]"
    assert told(1 + len(cores)) == told(1)


def test_nought_leaves_it_where_it_is() -> None:
    before = os.sched_getaffinity(0)
    assert keep_to_one_core(0) is None
    assert os.sched_getaffinity(0) == before


def test_each_of_several_has_a_core_of_its_own_unless_none_is_wanted(tmp_path: Path) -> None:
    def cores(core: int) -> list[int]:
        given = Settings(_env_file=None, home=tmp_path, serve=ServeSettings(core=core))  # type: ignore[call-arg]
        return [numbered(given, Role.AGENT, number).serve.core for number in (1, 2, 3)]

    assert cores(1) == [1, 2, 3]
    assert cores(0) == [0, 0, 0]
